// A server whose handlers show what the front does, for tests.

#ifndef TRILHO_CPP_SERVER_HTTP_HTTP_TEST_SERVER_H_
#define TRILHO_CPP_SERVER_HTTP_HTTP_TEST_SERVER_H_

#include <chrono>
#include <deque>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "cpp_server/core/mutex.h"
#include "cpp_server/http/http_server.h"
#include "gtest/gtest.h"

namespace trilho {

// Waits for `condition`, but not forever.
template <typename Condition>
bool Eventually(Condition condition) {
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::minutes(1);
  while (!condition()) {
    if (std::chrono::steady_clock::now() > deadline) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  return true;
}

// Paths under /control are of the control plane, those under /probe of that of probes, and those under /instant are
// instant. Those that end in
//   /echo    answer with the body,
//   /show    answer with all that a handler sees,
//   /hold    are held until the test answers them, without a thread,
//   /block   are held, with the thread that handles them,
//   /refused are not admitted: answered 401,
//   /bare    look at no body,
//   /drop    are let go without an answer.
class HttpTestServer {
 public:
  explicit HttpTestServer(HttpServer::Options options = {}) {
    options.address = "127.0.0.1";
    HttpRoute all;
    all.is_prefix = true;
    all.find = [this](const HttpRequestHead& head) { return EndpointOf(head.path()); };
    auto server = HttpServer::Start(std::move(options), HttpRouter({std::move(all)}));
    EXPECT_TRUE(server.ok()) << server.status();
    if (server.ok()) server_ = *std::move(server);
  }
  ~HttpTestServer() {
    Unblock();
    AnswerAll();
    server_.reset();
  }

  HttpServer& operator*() { return *server_; }
  HttpServer* operator->() { return server_.get(); }
  void Destroy() { server_.reset(); }

  // The next call of /hold or /block, in their order.
  std::shared_ptr<HttpCall> Take() EXCLUDES(mu_) {
    MutexLock lock(&mu_);
    while (held_.empty()) changed_.Wait(&mu_);
    std::shared_ptr<HttpCall> call = std::move(held_.front());
    held_.pop_front();
    return call;
  }
  // Lets the threads of /block go.
  void Unblock() EXCLUDES(mu_) {
    MutexLock lock(&mu_);
    blocked_ = false;
    changed_.NotifyAll();
  }
  void AnswerAll() EXCLUDES(mu_) {
    MutexLock lock(&mu_);
    for (const auto& call : held_) call->Reply({});
    held_.clear();
  }
  // Code and path of the calls that the front refused.
  std::vector<std::string> refused() const EXCLUDES(mu_) {
    MutexLock lock(&mu_);
    return refused_;
  }
  int handled() const EXCLUDES(mu_) {
    MutexLock lock(&mu_);
    return handled_;
  }

 private:
  static Plane PlaneOf(absl::string_view path) {
    if (absl::StartsWith(path, "/instant")) return Plane::kInstant;
    if (absl::StartsWith(path, "/probe")) return Plane::kProbe;
    return absl::StartsWith(path, "/control") ? Plane::kControl : Plane::kData;
  }

  SharedEndpoint EndpointOf(absl::string_view path) {
    HttpEndpoint endpoint;
    endpoint.plane = PlaneOf(path);
    endpoint.takes_body = !absl::EndsWith(path, "/bare");
    if (absl::EndsWith(path, "/refused")) {
      endpoint.admit = [](const HttpRequestHead&) { return absl::UnauthenticatedError("no token"); };
    }
    endpoint.handle = [this](std::shared_ptr<HttpCall> call) { Handle(std::move(call)); };
    endpoint.refused = [this](const HttpCall& call, const absl::Status& status) {
      MutexLock lock(&mu_);
      refused_.push_back(absl::StrCat(absl::StatusCodeToString(status.code()), " ", call.path()));
    };
    return Share(std::move(endpoint));
  }

  void Handle(std::shared_ptr<HttpCall> call) EXCLUDES(mu_) {
    const std::string path(call->path());
    HttpResponse response;
    response.content_type = "text/plain";
    {
      MutexLock lock(&mu_);
      ++handled_;
    }
    if (absl::EndsWith(path, "/echo") || absl::EndsWith(path, "/bare")) {
      response.body = std::string(call->body());
      call->Reply(std::move(response));
    } else if (absl::EndsWith(path, "/show")) {
      response.body = absl::StrCat(call->method(), "|", call->path(), "|", call->query(), "|", call->header("x-TEST"),
                                   "|", call->body());
      response.headers = {{"X-Reply", "yes"}, {"X-Broken", "a\r\nX-Injected: b"}};
      call->Reply(std::move(response));
    } else if (absl::EndsWith(path, "/hold") || absl::EndsWith(path, "/block")) {
      MutexLock lock(&mu_);
      held_.push_back(std::move(call));
      changed_.NotifyAll();
      while (blocked_ && absl::EndsWith(path, "/block")) changed_.Wait(&mu_);
    } else if (!absl::EndsWith(path, "/drop")) {
      response.status = 404;
      call->Reply(std::move(response));
    }
  }

  mutable Mutex mu_;
  CondVar changed_;
  std::deque<std::shared_ptr<HttpCall>> held_ GUARDED_BY(mu_);
  bool blocked_ GUARDED_BY(mu_) = true;
  int handled_ GUARDED_BY(mu_) = 0;
  std::vector<std::string> refused_ GUARDED_BY(mu_);
  std::unique_ptr<HttpServer> server_;
};

}  // namespace trilho

#endif  // TRILHO_CPP_SERVER_HTTP_HTTP_TEST_SERVER_H_

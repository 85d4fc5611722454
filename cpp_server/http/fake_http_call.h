// A call without a network, for tests of handlers.

#ifndef TRILHO_CPP_SERVER_HTTP_FAKE_HTTP_CALL_H_
#define TRILHO_CPP_SERVER_HTTP_FAKE_HTTP_CALL_H_

#include <atomic>
#include <chrono>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/string_view.h"
#include "cpp_server/core/mutex.h"
#include "cpp_server/http/http_call.h"
#include "cpp_server/http/http_endpoint.h"
#include "cpp_server/http/http_router.h"
#include "gtest/gtest.h"

namespace trilho {

// Keeps its answer. Fails the test that answers it twice.
class FakeHttpCall final : public HttpCall {
 public:
  using Headers = std::vector<std::pair<std::string, std::string>>;

  // `target` is a path, with "?QUERY" behind it if there is one.
  FakeHttpCall(std::string method, const std::string& target, std::string body = "", Headers headers = {})
      : method_(std::move(method)),
        path_(target.substr(0, target.find('?'))),
        query_(path_.size() == target.size() ? "" : target.substr(path_.size() + 1)),
        body_(std::move(body)),
        headers_(std::move(headers)) {}

  void set_deadline(std::chrono::steady_clock::time_point deadline) { deadline_ = deadline; }
  void set_peer(std::string peer) { peer_ = std::move(peer); }
  void Cancel() { *cancelled_ = true; }

  int replies() const EXCLUDES(mu_) {
    MutexLock lock(&mu_);
    return replies_;
  }
  int begun_again() const EXCLUDES(mu_) {
    MutexLock lock(&mu_);
    return begun_again_;
  }
  // Waits for it, but not forever: fails the test if there is none.
  HttpResponse response() const EXCLUDES(mu_) {
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::minutes(1);
    MutexLock lock(&mu_);
    while (replies_ == 0) {
      if (!replied_.WaitUntil(&mu_, deadline) && replies_ == 0) {
        ADD_FAILURE() << method_ << " " << path_ << " was not answered";
        return {};
      }
    }
    return response_;
  }

  absl::string_view method() const override { return method_; }
  absl::string_view path() const override { return path_; }
  absl::string_view query() const override { return query_; }
  absl::string_view header(absl::string_view name) const override {
    for (const auto& header : headers_) {
      if (absl::EqualsIgnoreCase(header.first, name)) return header.second;
    }
    return "";
  }
  absl::string_view body() const override { return body_; }
  std::string peer() const override { return peer_; }
  void DropBody() { body_.clear(); }
  std::chrono::steady_clock::time_point arrived() const override { return arrived_; }
  std::chrono::steady_clock::time_point deadline() const override { return deadline_; }
  std::shared_ptr<const std::atomic<bool>> cancelled() const override { return cancelled_; }

  void Reply(HttpResponse response) override EXCLUDES(mu_) {
    if (const auto sending = std::exchange(response.sending, nullptr)) sending(absl::OkStatus());
    MutexLock lock(&mu_);
    EXPECT_EQ(++replies_, 1) << method_ << " " << path_ << " was answered again: " << response.body;
    if (replies_ == 1) response_ = std::move(response);
    replied_.NotifyAll();
  }

  void HandleAgain() override EXCLUDES(mu_) {
    MutexLock lock(&mu_);
    ++begun_again_;
  }

 private:
  const std::string method_;
  const std::string path_;
  const std::string query_;
  std::string body_;
  const Headers headers_;
  std::string peer_ = "127.0.0.1:4711";
  const std::chrono::steady_clock::time_point arrived_ = std::chrono::steady_clock::now();
  std::chrono::steady_clock::time_point deadline_ = std::chrono::steady_clock::time_point::max();
  const std::shared_ptr<std::atomic<bool>> cancelled_ = std::make_shared<std::atomic<bool>>(false);

  mutable Mutex mu_;
  mutable CondVar replied_;
  int replies_ GUARDED_BY(mu_) = 0;
  int begun_again_ GUARDED_BY(mu_) = 0;
  HttpResponse response_ GUARDED_BY(mu_);
};

// Returns the endpoint that `router` has for a request.
inline SharedEndpoint Match(const HttpRouter& router, const std::string& method, const std::string& target) {
  return router.Match(FakeHttpCall(method, target));
}

// Returns the answer that `router` leads to, as the front would: matched once, and handled without the body if nobody
// looks at that. It does not ask whether the request is admitted.
inline HttpResponse Answer(const HttpRouter& router, const std::string& method, const std::string& target,
                           std::string body = "", FakeHttpCall::Headers headers = {}) {
  const auto call = std::make_shared<FakeHttpCall>(method, target, std::move(body), std::move(headers));
  const SharedEndpoint endpoint = router.Match(*call);
  if (!endpoint->takes_body) call->DropBody();
  endpoint->handle(call);
  return call->response();
}

// Returns the answer of `handler`, given before it returns or later.
inline HttpResponse Answer(const HttpHandler& handler, const std::string& method, const std::string& target,
                           std::string body = "", FakeHttpCall::Headers headers = {}) {
  const auto call = std::make_shared<FakeHttpCall>(method, target, std::move(body), std::move(headers));
  handler(call);
  return call->response();
}

}  // namespace trilho

#endif  // TRILHO_CPP_SERVER_HTTP_FAKE_HTTP_CALL_H_

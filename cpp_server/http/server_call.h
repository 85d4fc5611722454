// A request that came over a connection.

#ifndef TRILHO_CPP_SERVER_HTTP_SERVER_CALL_H_
#define TRILHO_CPP_SERVER_HTTP_SERVER_CALL_H_

#include <atomic>
#include <chrono>
#include <functional>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "cpp_server/admission/request_memory.h"
#include "cpp_server/http/http_call.h"
#include "cpp_server/http/http_handler.h"
#include "cpp_server/http/request_body.h"

namespace trilho {

// Holds nothing of its connection but `send`, which it calls exactly once: with
// the handler's reply, or with a 500 when it is destroyed without one.
class ServerCall final : public HttpCall {
 public:
  using Send = std::function<void(HttpResponse)>;

  // `memory` is what the body has of the budget.
  ServerCall(HttpRequest request, RequestMemory::Share memory, std::string peer,
             std::chrono::steady_clock::time_point deadline, Send send);
  ~ServerCall() override;
  ServerCall(const ServerCall&) = delete;
  ServerCall& operator=(const ServerCall&) = delete;

  // Has `route` admit `call`, decompresses its body, as far as `max_body_bytes`,
  // and has it handled, unless nobody waits for it any more.
  static void Handle(std::shared_ptr<ServerCall> call, size_t max_body_bytes, const HttpRoute& route);

  // Nobody waits for it any more. Thread-safe.
  void Cancel() { *cancelled_ = true; }

  absl::string_view method() const override;
  absl::string_view path() const override { return path_; }
  absl::string_view query() const override { return query_; }
  absl::string_view header(absl::string_view name) const override;
  absl::string_view body() const override { return request_.body(); }
  std::string peer() const override { return peer_; }
  std::chrono::steady_clock::time_point arrived() const override { return arrived_; }
  std::chrono::steady_clock::time_point deadline() const override { return deadline_; }
  std::shared_ptr<const std::atomic<bool>> cancelled() const override { return cancelled_; }
  void Reply(HttpResponse response) override;

 private:
  // The body as it was before it was compressed. Why no handler may see it, and
  // with which of HTTP's codes it is to be answered then.
  absl::Status Decode(size_t max_body_bytes, int* http_status);
  // An answer that no handler has a part in.
  void Refuse(const HttpRoute& route, int http_status, const absl::Status& status);

  HttpRequest request_;
  RequestMemory::Share memory_;
  // Into request_.
  absl::string_view path_;
  absl::string_view query_;
  const std::string peer_;
  const std::chrono::steady_clock::time_point arrived_ = std::chrono::steady_clock::now();
  const std::chrono::steady_clock::time_point deadline_;
  const std::shared_ptr<std::atomic<bool>> cancelled_ = std::make_shared<std::atomic<bool>>(false);
  std::atomic<bool> replied_{false};
  Send send_;
};

}  // namespace trilho

#endif  // TRILHO_CPP_SERVER_HTTP_SERVER_CALL_H_

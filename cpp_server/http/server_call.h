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
#include "absl/types/optional.h"
#include "cpp_server/admission/request_memory.h"
#include "cpp_server/http/gzip.h"
#include "cpp_server/http/http_call.h"
#include "cpp_server/http/http_endpoint.h"
#include "cpp_server/http/request_body.h"
#include "cpp_server/http/request_head.h"

namespace trilho {

// Holds nothing of its connection but `send`, which it calls exactly once: with
// the handler's reply, or with a 500 when it is destroyed without one.
class ServerCall final : public HttpCall, public std::enable_shared_from_this<ServerCall> {
 public:
  using Send = std::function<void(HttpResponse)>;

  // `endpoint` answers it, never null; `memory` is what the body has of the budget.
  ServerCall(HttpRequest request, SharedEndpoint endpoint, RequestMemory::Share memory, std::string peer,
             std::chrono::steady_clock::time_point deadline, Send send);
  ~ServerCall() override;
  ServerCall(const ServerCall&) = delete;
  ServerCall& operator=(const ServerCall&) = delete;

  // Decompresses the body of `call`, as far as `max_body_bytes`, and has its endpoint handle it, unless nobody waits
  // for it any more. Called once more after HandleAgain.
  static void Handle(const std::shared_ptr<ServerCall>& call, size_t max_body_bytes);

  const HttpEndpoint& endpoint() const { return *endpoint_; }

  // Tells the endpoint that the call is answered with an error that no handler has a part in.
  void TellRefused(const absl::Status& status) const;

  // Says how the call comes to Handle once more; before it is handled.
  void SetAgain(std::function<void(std::shared_ptr<ServerCall>)> again) { again_ = std::move(again); }

  // Nobody waits for it any more. Thread-safe.
  void Cancel() { *cancelled_ = true; }

  absl::string_view method() const override { return head_.method(); }
  absl::string_view path() const override { return head_.path(); }
  absl::string_view query() const override { return head_.query(); }
  absl::string_view header(absl::string_view name) const override { return head_.header(name); }
  absl::string_view body() const override { return decoded_ ? decoded_->view() : request_.body(); }
  std::string peer() const override { return peer_; }
  std::chrono::steady_clock::time_point arrived() const override { return arrived_; }
  std::chrono::steady_clock::time_point deadline() const override { return deadline_; }
  std::shared_ptr<const std::atomic<bool>> cancelled() const override { return cancelled_; }
  void Reply(HttpResponse response) override;
  void HandleAgain() override { again_(shared_from_this()); }

 private:
  // Makes the body what it was before it was compressed. An error tells why no
  // handler may see it, and comes with the HTTP status of the answer.
  absl::Status Decode(size_t max_body_bytes, int* http_status);
  // An answer that no handler has a part in.
  void Refuse(int http_status, const absl::Status& status);

  HttpRequest request_;
  const SharedEndpoint endpoint_;
  // The body once it is decompressed; absent if it was sent as it is.
  absl::optional<GrowingBytes> decoded_;
  RequestMemory::Share memory_;
  const std::string peer_;
  const RequestHead head_{request_, peer_};
  const std::chrono::steady_clock::time_point arrived_ = std::chrono::steady_clock::now();
  const std::chrono::steady_clock::time_point deadline_;
  const std::shared_ptr<std::atomic<bool>> cancelled_ = std::make_shared<std::atomic<bool>>(false);
  std::atomic<bool> replied_{false};
  Send send_;
  std::function<void(std::shared_ptr<ServerCall>)> again_;
  // Its handler has been called: it is admitted, and its body is decompressed.
  bool begun_ = false;
};

}  // namespace trilho

#endif  // TRILHO_CPP_SERVER_HTTP_SERVER_CALL_H_

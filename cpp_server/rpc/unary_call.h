// What a method of a service sees of one call.

#ifndef TRILHO_CPP_SERVER_RPC_UNARY_CALL_H_
#define TRILHO_CPP_SERVER_RPC_UNARY_CALL_H_

#include <atomic>
#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "cpp_server/admission/no_memory.h"
#include "cpp_server/admission/plane.h"
#include "cpp_server/advice/words.h"

namespace trilho {

// One call of a unary method. A handler must see to it that exactly one of
// Reply, Fail and HandleAgain is called, once, on any thread, now or later; the
// call is gone after that, or another handler's.
class UnaryCall {
 public:
  virtual ~UnaryCall() = default;

  // The serialized request, in one piece; valid until the call is answered.
  virtual absl::string_view request() const = 0;

  // When it had come, before it waited for a thread.
  virtual std::chrono::steady_clock::time_point arrived() const = 0;

  // When the caller stops waiting; time_point::max() if it set no deadline. On the monotonic clock, as all waits are.
  virtual std::chrono::steady_clock::time_point deadline() const = 0;

  // True once the caller has gone; never null. Lives on after the call.
  virtual std::shared_ptr<const std::atomic<bool>> cancelled() const = 0;

  // The first value that the caller sent under `key`, which is in lower case;
  // empty if there is none.
  virtual absl::string_view metadata(absl::string_view key) const = 0;

  // Returns the caller's address, e.g. "10.0.0.1:4711" or "[::1]:4711"; "unix:" and a path, which may be empty, if it
  // came over a UNIX socket.
  virtual std::string peer() const = 0;

  // Has the method's handler called once more, on a thread of its plane, in place of an answer. It is not called if
  // nobody waits any more by then.
  virtual void HandleAgain() = 0;

  // Makes room for an answer of so many bytes, which Reply does by itself where nobody wants to know first.
  // RESOURCE_EXHAUSTED is what the call is to fail with then.
  virtual absl::Status MakeRoom(size_t /*bytes*/) { return absl::OkStatus(); }

  // Answers with a serialized response, or with RESOURCE_EXHAUSTED if there is no room for it.
  virtual void Reply(std::string response) = 0;

  // Answers with an error, which must not be OK.
  virtual void Fail(const absl::Status& status) = 0;
};

// Answers `call` with what `work` returns, a serialized response or an error; with NoMemoryError if it runs out of
// memory on its way.
template <typename Work>
void AnswerWith(UnaryCall* call, Work work) {
  absl::StatusOr<std::string> response = OrNoMemory(std::move(work));
  if (!response.ok()) return call->Fail(response.status());
  call->Reply(*std::move(response));
}

// Whether a call may be made; UNAUTHENTICATED or PERMISSION_DENIED if not.
// Thread-safe, soon.
using Authorizer = std::function<absl::Status(const UnaryCall&)>;

struct UnaryMethod {
  std::string name;
  Plane plane = Plane::kControl;
  std::function<void(UnaryCall*)> handler;
  // Answered without the authorizer, as probes of health are.
  bool is_open = false;
  // Told, if set, of every call that is answered with an error before `handler`
  // sees it: not allowed, no room for it, or nobody waits any more. On any thread.
  std::function<void(const UnaryCall&, const absl::Status&)> refused = nullptr;
};

struct ServiceDefinition {
  // With its package, e.g. "tensorflow.serving.PredictionService".
  std::string name;
  std::vector<UnaryMethod> methods;
};

// INVALID_ARGUMENT names the class if `bytes` are no message of it.
template <typename Request>
absl::Status ParseRequest(absl::string_view bytes, Request* request) {
  if (request->ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) return absl::OkStatus();
  return absl::InvalidArgumentError("the request is not " + WithArticle(request->GetTypeName()));
}

// A control method in terms of message classes; `handler` must be thread-safe.
template <typename Request, typename Response>
UnaryMethod MessageMethod(std::string name, std::function<absl::Status(const Request&, Response*)> handler) {
  return {std::move(name), Plane::kControl, [handler = std::move(handler)](UnaryCall* call) {
            AnswerWith(call, [&]() -> absl::StatusOr<std::string> {
              Request request;
              const absl::Status parsed = ParseRequest(call->request(), &request);
              if (!parsed.ok()) return parsed;
              Response response;
              const absl::Status status = handler(request, &response);
              if (!status.ok()) return status;
              return response.SerializeAsString();
            });
          }};
}

}  // namespace trilho

#endif  // TRILHO_CPP_SERVER_RPC_UNARY_CALL_H_

// Control methods whose calls are answered later, by another thread.

#ifndef TRILHO_CPP_SERVER_RPC_LATER_ANSWER_H_
#define TRILHO_CPP_SERVER_RPC_LATER_ANSWER_H_

#include <memory>
#include <new>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "cpp_server/admission/no_memory.h"
#include "cpp_server/rpc/unary_call.h"

namespace trilho {

// The answer that a call waits for. Shared by all who may give it; a call that all of them let go of without one had no
// memory to be passed on, and fails so.
class LaterAnswer {
 public:
  explicit LaterAnswer(UnaryCall* call) : call_(call) {}
  ~LaterAnswer() {
    if (call_ == nullptr) return;
    try {
      call_->Fail(NoMemoryError());
      // NOLINTNEXTLINE(bugprone-empty-catch): there is no memory to say so either
    } catch (const std::bad_alloc&) {
    }
  }
  LaterAnswer(const LaterAnswer&) = delete;
  LaterAnswer& operator=(const LaterAnswer&) = delete;

  // Answers as AnswerWith does. Once, by one of them.
  template <typename Work>
  void Give(Work work) {
    AnswerWith(std::exchange(call_, nullptr), std::move(work));
  }
  void Fail(const absl::Status& status) { std::exchange(call_, nullptr)->Fail(status); }

 private:
  UnaryCall* call_;
};

// Calls `handler(request, answer)`, of a serialized request that is valid until the answer, and of a
// std::shared_ptr<LaterAnswer>. It must be thread-safe.
template <typename Handler>
UnaryMethod LaterMethod(std::string name, Handler handler) {
  return {std::move(name), Plane::kControl, [handler = std::move(handler)](UnaryCall* call) {
            std::shared_ptr<LaterAnswer> answer;
            const absl::Status made = OrNoMemory([&]() -> absl::Status {
              answer = std::make_shared<LaterAnswer>(call);
              return absl::OkStatus();
            });
            if (!made.ok()) return call->Fail(made);
            // The call may be gone before `handler` returns.
            const absl::string_view request = call->request();
            try {
              handler(request, answer);
              // NOLINTNEXTLINE(bugprone-empty-catch): the call fails so when its answer is let go of
            } catch (const std::bad_alloc&) {
            }
          }};
}

}  // namespace trilho

#endif  // TRILHO_CPP_SERVER_RPC_LATER_ANSWER_H_

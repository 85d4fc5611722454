// Keeps the record of one inference and tells of it when it ends.

#ifndef TRILHO_CPP_SERVER_INFERENCE_INFERENCE_SCOPE_H_
#define TRILHO_CPP_SERVER_INFERENCE_INFERENCE_SCOPE_H_

#include <new>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "cpp_server/admission/no_memory.h"
#include "cpp_server/inference/call_context.h"
#include "cpp_server/inference/inference_record.h"
#include "cpp_server/inference/request_log_entry.h"
#include "cpp_server/inference/request_logger.h"

namespace trilho {

// All that are told of inferences; constant once calls come.
using InferenceObservers = std::vector<InferenceObserver*>;

// Made when a handler begins with a call, or one is refused before; shared by its callbacks, used by one thread at a
// time.
class InferenceScope {
 public:
  // `observers` and `logger`, which may be null, outlive the scope.
  InferenceScope(const InferenceObservers* observers, std::string method, const CallContext& context,
                 const RequestLogger* logger)
      : observers_(observers), waited_(std::chrono::steady_clock::now() - context.arrived) {
    record_.begin = context.arrived;
    record_.method = std::move(method);
    record_.protocol = context.protocol;
    record_.trace_id = context.trace_id;
    record_.peer = context.peer;
    record_.log = RequestLogEntry(logger);
    for (InferenceObserver* observer : *observers_) observer->OnBegin();
  }
  // Ends it if nobody has, as when there was no memory for more of it.
  ~InferenceScope() {
    if (ended_) return;
    try {
      End(NoMemoryError());
      // NOLINTNEXTLINE(bugprone-empty-catch): there is no memory for the error; what observers know must do
    } catch (const std::bad_alloc&) {
    }
  }
  InferenceScope(const InferenceScope&) = delete;
  InferenceScope& operator=(const InferenceScope&) = delete;

  InferenceRecord& record() { return record_; }
  bool has_ended() const { return ended_; }

  // Takes the place of End for a call that is put aside to be begun anew: it is recorded then, in another scope.
  void PutAside() {
    ended_ = true;
    for (InferenceObserver* observer : *observers_) observer->OnPutAside();
  }

  // Once, before the call is answered. An observer without memory for it does without.
  void End(const absl::Status& status) {
    ended_ = true;
    record_.status = status;
    record_.times.queued += std::chrono::duration_cast<std::chrono::microseconds>(waited_).count();
    record_.duration = std::chrono::steady_clock::now() - record_.begin;
    for (InferenceObserver* observer : *observers_) {
      try {
        observer->OnEnd(record_);
        // NOLINTNEXTLINE(bugprone-empty-catch): there is no memory to tell of it either
      } catch (const std::bad_alloc&) {
      }
    }
  }

 private:
  const InferenceObservers* const observers_;
  // For a thread of the front.
  const std::chrono::steady_clock::duration waited_;
  InferenceRecord record_;
  bool ended_ = false;
};

}  // namespace trilho

#endif  // TRILHO_CPP_SERVER_INFERENCE_INFERENCE_SCOPE_H_

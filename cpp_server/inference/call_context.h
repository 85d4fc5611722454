// What accompanies a call from its front to its end.

#ifndef TRILHO_CPP_SERVER_INFERENCE_CALL_CONTEXT_H_
#define TRILHO_CPP_SERVER_INFERENCE_CALL_CONTEXT_H_

#include <atomic>
#include <chrono>
#include <memory>
#include <string>

namespace trilho {

enum class Protocol { kGrpc, kRest };

struct CallContext {
  Protocol protocol = Protocol::kGrpc;
  // When the caller stops waiting.
  std::chrono::system_clock::time_point deadline = std::chrono::system_clock::time_point::max();
  // True once the caller has gone; may be null.
  std::shared_ptr<const std::atomic<bool>> cancelled;
  // Of the W3C header "traceparent", empty if there was none.
  std::string trace_id;
};

}  // namespace trilho

#endif  // TRILHO_CPP_SERVER_INFERENCE_CALL_CONTEXT_H_

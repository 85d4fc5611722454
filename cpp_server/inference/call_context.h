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
  // When the request had come, before it waited for a thread; set by the fronts.
  std::chrono::steady_clock::time_point arrived;
  // When the caller stops waiting.
  std::chrono::steady_clock::time_point deadline = std::chrono::steady_clock::time_point::max();
  // True once the caller has gone; may be null.
  std::shared_ptr<const std::atomic<bool>> cancelled;
  // Of the W3C header "traceparent", empty if there was none.
  std::string trace_id;
  // Address of the caller; empty unless InferenceHooks::records_peer is set.
  std::string peer;
};

}  // namespace trilho

#endif  // TRILHO_CPP_SERVER_INFERENCE_CALL_CONTEXT_H_

// What inferences over HTTP have in common.

#ifndef TRILHO_CPP_SERVER_SERVICES_HTTP_INFERENCE_H_
#define TRILHO_CPP_SERVER_SERVICES_HTTP_INFERENCE_H_

#include <memory>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "cpp_server/http/http_call.h"
#include "cpp_server/http/http_status.h"
#include "cpp_server/inference/call_context.h"
#include "cpp_server/inference/inference_scope.h"
#include "cpp_server/services/inference_method.h"

namespace trilho {

inline CallContext ContextOf(const HttpCall& call, const InferenceHooks& hooks) {
  CallContext context;
  context.protocol = Protocol::kRest;
  context.arrived = call.arrived();
  context.deadline = call.deadline();
  context.cancelled = call.cancelled();
  context.logger = hooks.logger;
  if (hooks.records_peer) context.peer = call.peer();
  context.trace_id = TraceId(call.header("traceparent"));
  return context;
}

// Answers an inference, whose record ends with what is sent: `response`, or the error that takes its place.
inline void EndAndReply(HttpCall* call, const std::shared_ptr<InferenceScope>& scope,
                        absl::StatusOr<HttpResponse> response) {
  // Who has no memory for its part of the answer calls this with the error; then it may be late for that.
  if (scope->has_ended()) return;
  if (!response.ok()) {
    HttpResponse error = ErrorResponse(response.status());
    scope->End(response.status());
    return call->Reply(std::move(error));
  }
  response->sending = [scope](const absl::Status& sent) { scope->End(sent); };
  call->Reply(*std::move(response));
}

// See PutAside of inference_method.h.
inline bool PutAside(const InferenceHooks& hooks, const absl::Status& status, const std::shared_ptr<HttpCall>& call,
                     InferenceScope* scope) {
  return PutAside(
      hooks, status, ContextOf(*call, hooks), scope, [call] { call->HandleAgain(); },
      [call](const absl::Status& failed) { call->Reply(ErrorResponse(failed)); });
}

}  // namespace trilho

#endif  // TRILHO_CPP_SERVER_SERVICES_HTTP_INFERENCE_H_

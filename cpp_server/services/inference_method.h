// What every method that runs a model does around the run.

#ifndef TRILHO_CPP_SERVER_SERVICES_INFERENCE_METHOD_H_
#define TRILHO_CPP_SERVER_SERVICES_INFERENCE_METHOD_H_

#include <functional>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/optional.h"
#include "cpp_server/admission/no_memory.h"
#include "cpp_server/inference/call_context.h"
#include "cpp_server/inference/first_loads.h"
#include "cpp_server/inference/inference_record.h"
#include "cpp_server/inference/inference_scope.h"
#include "cpp_server/inference/request_logger.h"
#include "cpp_server/rpc/unary_call.h"
#include "cpp_server/services/predict.h"

namespace trilho {

// All that is told of inferences, of whatever protocol; outlives the services and is constant once calls come.
struct InferenceHooks {
  InferenceObservers observers;
  // Request log; null if there is none.
  const RequestLogger* logger = nullptr;
  // True if some observer wants the callers' addresses, which cost each call a few allocations.
  bool records_peer = false;
  // Keeps calls of models whose first load is under way; without it they fail.
  FirstLoads* first_loads = nullptr;
};

// Answers one request: `done` is called once, `record` filled in, both request
// and record live until then. What has no memory for its part of `done` calls it with NoMemoryError instead.
using InferenceHandler =
    std::function<void(absl::string_view request, const CallContext& context, InferenceRecord* record, BytesDone done)>;

// Makes the context of `call`, an HttpCall or a UnaryCall, which came with this W3C traceparent.
template <typename Call>
CallContext ContextOf(Protocol protocol, const Call& call, absl::string_view traceparent, const InferenceHooks& hooks);

// The 32 digits of TRACE in a W3C traceparent "00-TRACE-SPAN-FLAGS", or one of a version to come; empty if it is
// none, which a TRACE or SPAN of zeros is too.
std::string TraceId(absl::string_view traceparent);

// Records an inference that no handler begins with. `model` is as asked for,
// empty where that is not known, or is not to be believed.
void RecordRefused(const InferenceHooks& hooks, std::string method, std::string model, const CallContext& context,
                   const absl::Status& status);

// Puts a call aside if `status`, which it has failed with, says that its model is loaded for the first time; returns
// whether it did. `scope` is the call's, and null if the call is not recorded. `again` begins the call anew, `fail`
// answers it with an error; one of them is called later or before this returns.
bool PutAside(const InferenceHooks& hooks, const absl::Status& status, const CallContext& context,
              InferenceScope* scope, std::function<void()> again, std::function<void(const absl::Status&)> fail);

// The same for a call over gRPC.
bool PutAside(const InferenceHooks& hooks, const absl::Status& status, UnaryCall* call, InferenceScope* scope);

// A control method in terms of message classes that describes a model, and so waits for its first load. `handler` must
// be thread-safe.
template <typename Request, typename Response>
UnaryMethod DescriptionMethod(std::string name, const InferenceHooks* hooks,
                              std::function<absl::Status(const Request&, Response*)> handler) {
  return {std::move(name), Plane::kControl, [hooks, handler = std::move(handler)](UnaryCall* call) {
            bool is_put_aside = false;
            auto answer = OrNoMemory([&]() -> absl::StatusOr<std::string> {
              Request request;
              const absl::Status parsed = ParseRequest(call->request(), &request);
              if (!parsed.ok()) return parsed;
              Response response;
              const absl::Status status = handler(request, &response);
              if (status.ok()) return response.SerializeAsString();
              is_put_aside = PutAside(*hooks, status, call, nullptr);
              return status;
            });
            if (is_put_aside) return;
            if (!answer.ok()) return call->Fail(answer.status());
            call->Reply(*std::move(answer));
          }};
}

// Makes a method of the data plane around `handler`, recorded under `recorded_as`, or its own name if that is empty. A
// call of a model whose first load is under way waits for it, without a thread. If `logged_as` is set the request log
// gets the call's own messages, which are PredictionService's; else what `handler` keeps for it in the record.
UnaryMethod InferenceMethod(std::string name, const InferenceHooks* hooks, InferenceHandler handler,
                            std::string recorded_as = "", absl::optional<PredictionLogField> logged_as = absl::nullopt);

template <typename Call>
CallContext ContextOf(Protocol protocol, const Call& call, absl::string_view traceparent, const InferenceHooks& hooks) {
  CallContext context;
  context.protocol = protocol;
  context.arrived = call.arrived();
  context.deadline = call.deadline();
  context.cancelled = call.cancelled();
  if (hooks.records_peer) context.peer = call.peer();
  if (!traceparent.empty()) context.trace_id = TraceId(traceparent);
  return context;
}

}  // namespace trilho

#endif  // TRILHO_CPP_SERVER_SERVICES_INFERENCE_METHOD_H_

// Inference over HTTP, but for the run itself: the twin of inference_method.h.

#ifndef TRILHO_CPP_SERVER_SERVICES_HTTP_INFERENCE_H_
#define TRILHO_CPP_SERVER_SERVICES_HTTP_INFERENCE_H_

#include <functional>
#include <string>

#include "absl/status/statusor.h"
#include "cpp_server/http/http_call.h"
#include "cpp_server/http/http_endpoint.h"
#include "cpp_server/inference/call_context.h"
#include "cpp_server/inference/inference_record.h"
#include "cpp_server/services/inference_method.h"

namespace trilho {

using HttpDone = std::function<void(absl::StatusOr<HttpResponse>)>;

// Answers one request: `done` is called once, `record`, which has the model already, is filled in and lives until then.
// The call itself is to be looked at until this returns. What has no memory for its part of `done` calls it with
// NoMemoryError instead.
using HttpInferenceHandler =
    std::function<void(const HttpCall& call, const CallContext& context, InferenceRecord* record, HttpDone done)>;

// Makes an endpoint of the data plane around `handler`: it makes the context, opens the record, under `method`, runs
// the handler, logs and records what comes of it, and answers. A call of a model whose first load is under way waits
// for it, without a thread. `model` is the one that is asked for. `hooks` outlives the endpoint.
HttpEndpoint HttpInference(std::string method, std::string model, const InferenceHooks* hooks,
                           HttpInferenceHandler handler);

// Makes an endpoint of the control plane that describes a model, and so waits for its first load: the twin of
// DescriptionMethod. `describe` must be thread-safe.
HttpEndpoint HttpDescription(const InferenceHooks* hooks, std::function<absl::StatusOr<HttpResponse>()> describe);

// Returns a response of JSON with this body.
HttpResponse JsonResponse(std::string body);
// Returns the same, or the error that there is in place of the body.
absl::StatusOr<HttpResponse> JsonResponse(absl::StatusOr<std::string> body);

}  // namespace trilho

#endif  // TRILHO_CPP_SERVER_SERVICES_HTTP_INFERENCE_H_

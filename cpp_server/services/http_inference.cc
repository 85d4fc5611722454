#include "cpp_server/services/http_inference.h"

#include <memory>
#include <utility>

#include "absl/status/status.h"
#include "cpp_server/http/http_status.h"
#include "cpp_server/inference/inference_scope.h"

namespace trilho {
namespace {

CallContext HttpContext(const HttpCall& call, const InferenceHooks& hooks) {
  return ContextOf(Protocol::kRest, call, call.header("traceparent"), hooks);
}

// Puts aside a call over HTTP, see PutAside.
bool PutCallAside(const InferenceHooks& hooks, const absl::Status& status, const std::shared_ptr<HttpCall>& call,
                  InferenceScope* scope) {
  return PutAside(
      hooks, status, HttpContext(*call, hooks), scope, [call] { call->HandleAgain(); },
      [call](const absl::Status& failed) { call->Reply(ErrorResponse(failed)); });
}

// Logs and answers an inference, whose record ends with what is sent: `response`, or the error that takes its place.
void EndAndReply(HttpCall* call, const std::shared_ptr<InferenceScope>& scope, absl::StatusOr<HttpResponse> response) {
  // A run without memory for its part of the answer calls this with that error, maybe after it was answered.
  if (scope->has_ended()) return;
  if (!response.ok()) {
    HttpResponse error = ErrorResponse(response.status());
    scope->End(response.status());
    return call->Reply(std::move(error));
  }
  scope->record().log.Log(scope->record().model);
  response->sending = [scope](const absl::Status& sent) { scope->End(sent); };
  call->Reply(*std::move(response));
}

// An endpoint's part of each of its calls.
struct Inference {
  std::string method;
  std::string model;
  const InferenceHooks* hooks;
  HttpInferenceHandler handler;

  void Handle(const std::shared_ptr<HttpCall>& call) const {
    const CallContext context = HttpContext(*call, *hooks);
    auto scope = std::make_shared<InferenceScope>(&hooks->observers, method, context, hooks->logger);
    InferenceRecord* const record = &scope->record();
    record->model = model;
    handler(*call, context, record,
            [call, hooks = hooks, scope = std::move(scope)](absl::StatusOr<HttpResponse> response) {
              if (!response.ok() && PutCallAside(*hooks, response.status(), call, scope.get())) return;
              EndAndReply(call.get(), scope, std::move(response));
            });
  }

  void Refused(const HttpCall& call, const absl::Status& status) const {
    RecordRefused(*hooks, method, model, HttpContext(call, *hooks), status);
  }
};

}  // namespace

HttpEndpoint HttpInference(std::string method, std::string model, const InferenceHooks* hooks,
                           HttpInferenceHandler handler) {
  const auto inference =
      std::make_shared<const Inference>(Inference{std::move(method), std::move(model), hooks, std::move(handler)});
  HttpEndpoint endpoint;
  endpoint.plane = Plane::kData;
  endpoint.takes_body = true;
  endpoint.handle = [inference](const std::shared_ptr<HttpCall>& call) { inference->Handle(call); };
  endpoint.refused = [inference](const HttpCall& call, const absl::Status& status) {
    inference->Refused(call, status);
  };
  return endpoint;
}

HttpEndpoint HttpDescription(const InferenceHooks* hooks, std::function<absl::StatusOr<HttpResponse>()> describe) {
  HttpEndpoint endpoint;
  endpoint.handle = [hooks, describe = std::move(describe)](const std::shared_ptr<HttpCall>& call) {
    auto response = describe();
    if (response.ok()) return call->Reply(*std::move(response));
    if (PutCallAside(*hooks, response.status(), call, nullptr)) return;
    call->Reply(ErrorResponse(response.status()));
  };
  return endpoint;
}

HttpResponse JsonResponse(std::string body) {
  HttpResponse response;
  response.body = std::move(body);
  return response;
}

absl::StatusOr<HttpResponse> JsonResponse(absl::StatusOr<std::string> body) {
  if (!body.ok()) return body.status();
  return JsonResponse(*std::move(body));
}

}  // namespace trilho

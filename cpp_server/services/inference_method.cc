#include "cpp_server/services/inference_method.h"

#include <algorithm>
#include <memory>
#include <utility>

#include "absl/strings/ascii.h"

namespace trilho {

std::string TraceId(absl::string_view traceparent) {
  constexpr size_t kBegin = 3, kDigits = 32, kSize = 55;
  if (traceparent.size() < kSize || traceparent[kBegin - 1] != '-' || traceparent[kBegin + kDigits] != '-') return "";
  const absl::string_view id = traceparent.substr(kBegin, kDigits);
  const auto is_digit = [](char c) { return absl::ascii_isdigit(c) || (c >= 'a' && c <= 'f'); };
  return std::all_of(id.begin(), id.end(), is_digit) ? std::string(id) : "";
}

void RecordRefused(const InferenceHooks& hooks, std::string method, std::string model, const CallContext& context,
                   const absl::Status& status) {
  InferenceScope scope(&hooks.observers, std::move(method), context);
  // Whoever may not call must not choose what metrics have for labels.
  if (!absl::IsUnauthenticated(status) && !absl::IsPermissionDenied(status)) scope.record().model = std::move(model);
  scope.End(status);
}

namespace {

CallContext ContextOf(const UnaryCall& call, const InferenceHooks& hooks) {
  CallContext context;
  context.protocol = Protocol::kGrpc;
  context.arrived = call.arrived();
  context.deadline = call.deadline();
  context.cancelled = call.cancelled();
  context.logger = hooks.logger;
  const absl::string_view traceparent = call.metadata("traceparent");
  if (!traceparent.empty()) context.trace_id = TraceId(traceparent);
  return context;
}

}  // namespace

UnaryMethod InferenceMethod(std::string name, const InferenceHooks* hooks, InferenceHandler handler,
                            std::string recorded_as) {
  UnaryMethod made;
  made.plane = Plane::kData;
  const std::string method = recorded_as.empty() ? name : std::move(recorded_as);
  made.name = std::move(name);
  made.handler = [method, hooks, handler = std::move(handler)](UnaryCall* call) {
    const CallContext context = ContextOf(*call, *hooks);
    auto scope = std::make_shared<InferenceScope>(&hooks->observers, method, context);
    InferenceRecord* const record = &scope->record();
    handler(call->request(), context, record,
            [hooks, call, scope = std::move(scope)](absl::StatusOr<std::string> response) {
              scope->End(response.status());
              if (!response.ok()) return call->Fail(response.status());
              if (hooks->log) hooks->log(scope->record(), call->request(), *response);
              call->Reply(*std::move(response));
            });
  };
  // Its request, which names the model, is not read.
  made.refused = [method, hooks](const UnaryCall& call, const absl::Status& status) {
    RecordRefused(*hooks, method, "", ContextOf(call, *hooks), status);
  };
  return made;
}

}  // namespace trilho

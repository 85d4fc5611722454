#include "cpp_server/services/inference_method.h"

#include <algorithm>
#include <memory>
#include <new>
#include <utility>

#include "absl/strings/ascii.h"
#include "cpp_server/admission/no_memory.h"

namespace trilho {

namespace {

bool IsHex(absl::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return absl::ascii_isdigit(c) || (c >= 'a' && c <= 'f'); });
}

bool IsZero(absl::string_view text) { return text.find_first_not_of('0') == absl::string_view::npos; }

}  // namespace

std::string TraceId(absl::string_view traceparent) {
  constexpr size_t kVersion = 2, kTrace = 32, kSpan = 16, kFlags = 2;
  constexpr size_t kSize = kVersion + 1 + kTrace + 1 + kSpan + 1 + kFlags;
  if (traceparent.size() < kSize) return "";
  absl::string_view rest = traceparent;
  const auto take = [&rest](size_t digits) {
    const absl::string_view taken = rest.substr(0, digits);
    rest.remove_prefix(digits);
    return taken;
  };
  const auto dash = [&take] { return take(1) == "-"; };
  const absl::string_view version = take(kVersion);
  if (!IsHex(version) || version == "ff" || !dash()) return "";
  const absl::string_view trace = take(kTrace);
  if (!IsHex(trace) || IsZero(trace) || !dash()) return "";
  const absl::string_view span = take(kSpan);
  if (!IsHex(span) || IsZero(span) || !dash() || !IsHex(take(kFlags))) return "";
  // Versions to come may say more.
  const bool ends_well = rest.empty() || (version != "00" && rest[0] == '-');
  return ends_well ? std::string(trace) : "";
}

void RecordRefused(const InferenceHooks& hooks, std::string method, std::string model, const CallContext& context,
                   const absl::Status& status) {
  InferenceScope scope(&hooks.observers, std::move(method), context, /*logger=*/nullptr);
  // Whoever may not call must not choose what metrics have for labels.
  if (!absl::IsUnauthenticated(status) && !absl::IsPermissionDenied(status)) scope.record().model = std::move(model);
  scope.End(status);
}

namespace {

CallContext GrpcContext(const UnaryCall& call, const InferenceHooks& hooks) {
  return ContextOf(Protocol::kGrpc, call, call.metadata("traceparent"), hooks);
}

}  // namespace

bool PutAside(const InferenceHooks& hooks, const absl::Status& status, const CallContext& context,
              InferenceScope* scope, std::function<void()> again, std::function<void(const absl::Status&)> fail) {
  if (hooks.first_loads == nullptr || !hooks.first_loads->Takes(status)) return false;
  std::string method, model;
  if (scope != nullptr) {
    method = scope->record().method;
    model = FirstLoads::PendingModel(status);
  }
  hooks.first_loads->Defer(status, context,
                           [hooks = &hooks, context, method = std::move(method), model = std::move(model),
                            again = std::move(again), fail = std::move(fail)](const absl::Status& resumed) {
                             if (resumed.ok()) return again();
                             if (!method.empty()) RecordRefused(*hooks, method, model, context, resumed);
                             fail(resumed);
                           });
  // Not before: without memory for the call to wait, its scope ends as any other.
  if (scope != nullptr) scope->PutAside();
  return true;
}

bool PutAside(const InferenceHooks& hooks, const absl::Status& status, UnaryCall* call, InferenceScope* scope) {
  return PutAside(
      hooks, status, GrpcContext(*call, hooks), scope, [call] { call->HandleAgain(); },
      [call](const absl::Status& failed) { call->Fail(failed); });
}

UnaryMethod InferenceMethod(std::string name, const InferenceHooks* hooks, InferenceHandler handler,
                            std::string recorded_as, absl::optional<PredictionLogField> logged_as) {
  UnaryMethod made;
  made.plane = Plane::kData;
  const std::string method = recorded_as.empty() ? name : std::move(recorded_as);
  made.name = std::move(name);
  made.handler = [method, hooks, logged_as, handler = std::move(handler)](UnaryCall* call) {
    CallContext context;
    std::shared_ptr<InferenceScope> scope;
    const absl::Status begun = OrNoMemory([&]() -> absl::Status {
      context = GrpcContext(*call, *hooks);
      scope = std::make_shared<InferenceScope>(&hooks->observers, method, context, hooks->logger);
      return absl::OkStatus();
    });
    if (!begun.ok()) return call->Fail(begun);
    InferenceRecord* const record = &scope->record();
    const auto done = [hooks, logged_as, call, scope](absl::StatusOr<std::string> response) {
      // Who has no memory for its part of the answer calls this with the error; then it may be late for that.
      if (scope->has_ended()) return;
      absl::Status status = response.status();
      if (!status.ok()) {
        const auto aside =
            OrNoMemory([&]() -> absl::StatusOr<bool> { return PutAside(*hooks, status, call, scope.get()); });
        if (aside.ok() && *aside) return;
        if (!aside.ok()) status = aside.status();
      }
      // Before the record ends, which is to say what is sent.
      if (status.ok()) status = call->MakeRoom(response->size());
      const auto end = [&]() -> absl::Status {
        scope->End(status);
        return absl::OkStatus();
      };
      // A call that there is no memory to record is answered all the same.
      OrNoMemory(end).IgnoreError();
      if (!status.ok()) return call->Fail(status);
      InferenceRecord& ended = scope->record();
      if (logged_as) {
        ended.log.Log(*logged_as, ended.model, call->request(), *response);
      } else {
        ended.log.Log(ended.model);
      }
      call->Reply(*std::move(response));
    };
    try {
      handler(call->request(), context, record, done);
    } catch (const std::bad_alloc&) {
      // Whoever has taken the call along, or answered it, is not disturbed.
      if (scope.use_count() == 2 && !scope->has_ended()) done(NoMemoryError());
    }
  };
  // Its request, which names the model, is not read.
  made.refused = [method, hooks](const UnaryCall& call, const absl::Status& status) {
    RecordRefused(*hooks, method, "", GrpcContext(call, *hooks), status);
  };
  return made;
}

}  // namespace trilho

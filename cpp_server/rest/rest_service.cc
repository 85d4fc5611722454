#include "cpp_server/rest/rest_service.h"

#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "cpp_server/http/http_status.h"
#include "cpp_server/json/message_json.h"
#include "cpp_server/rest/rest_inference.h"
#include "cpp_server/rest/rest_path.h"
#include "cpp_server/services/http_inference.h"
#include "cpp_server/services/model_service.h"
#include "cpp_server/services/prediction_service.h"

namespace trilho {
namespace {

const char* MethodName(RestVerb verb) {
  switch (verb) {
    case RestVerb::kPredict:
      return "predict";
    case RestVerb::kClassify:
      return "classify";
    case RestVerb::kRegress:
      return "regress";
    case RestVerb::kStatus:
    case RestVerb::kMetadata:
      break;
  }
  return "";
}

absl::StatusOr<HttpResponse> ResponseOf(absl::StatusOr<std::string> body) {
  if (!body.ok()) return body.status();
  HttpResponse response;
  response.body = *std::move(body);
  return response;
}

void ReplyWith(HttpCall* call, absl::StatusOr<std::string> body) {
  auto response = ResponseOf(std::move(body));
  call->Reply(response.ok() ? *std::move(response) : ErrorResponse(response.status()));
}

// Name and version or label of the one in the path, for messages that are
// shared with gRPC.
template <typename Spec>
void FillSpec(const RestPath& path, Spec* spec) {
  spec->set_name(path.model);
  if (path.version) spec->mutable_version()->set_value(*path.version);
  if (!path.label.empty()) spec->set_version_label(path.label);
}

absl::StatusOr<std::string> Status(const Manager& manager, const RestPath& path) {
  tensorflow::serving::GetModelStatusRequest request;
  FillSpec(path, request.mutable_model_spec());
  tensorflow::serving::GetModelStatusResponse response;
  const absl::Status status = GetModelStatus(manager, request, &response);
  if (!status.ok()) return status;
  return WriteMessage(response);
}

absl::StatusOr<std::string> Metadata(const Predictor& predictor, const RestPath& path) {
  tensorflow::serving::GetModelMetadataRequest request;
  FillSpec(path, request.mutable_model_spec());
  request.add_metadata_field("signature_def");
  tensorflow::serving::GetModelMetadataResponse response;
  const absl::Status status = GetModelMetadata(predictor, request, &response);
  if (!status.ok()) return status;
  tensorflow::serving::SignatureDefMap signatures;
  if (!signatures.ParseFromString(response.metadata().at("signature_def").value())) {
    return absl::DataLossError("the model's signatures are malformed");
  }
  auto spec_json = WriteMessage(response.model_spec());
  if (!spec_json.ok()) return spec_json;
  auto signatures_json = WriteMessage(signatures);
  if (!signatures_json.ok()) return signatures_json;
  return absl::StrCat("{\n\"model_spec\":", *spec_json, ",\n\"metadata\": {\"signature_def\": ", *signatures_json,
                      "}\n}\n");
}

}  // namespace

HttpPlane RestService::PlaneOf(absl::string_view method) {
  return method == "POST" ? HttpPlane::kData : HttpPlane::kControl;
}

bool RestService::TakesBody(absl::string_view path, absl::string_view query) {
  return ParseRestPath("POST", path, query).ok();
}

void RestService::Handle(const std::shared_ptr<HttpCall>& call) const {
  auto path = ParseRestPath(call->method(), call->path(), call->query());
  if (!path.ok()) return call->Reply(ErrorResponse(path.status()));
  if (path->verb == RestVerb::kStatus) return ReplyWith(call.get(), Status(*manager_, *path));
  if (path->verb == RestVerb::kMetadata) {
    auto metadata = Metadata(*predictor_, *path);
    if (!metadata.ok() && PutAside(*hooks_, metadata.status(), call, nullptr)) return;
    return ReplyWith(call.get(), std::move(metadata));
  }

  const CallContext context = ContextOf(*call, *hooks_);
  auto scope = std::make_shared<InferenceScope>(&hooks_->observers, MethodName(path->verb), context);
  InferenceRecord* const record = &scope->record();
  record->model = path->model;
  const absl::string_view body = call->body();
  JsonDone done = [call, hooks = hooks_, scope = std::move(scope)](absl::StatusOr<std::string> json) {
    if (!json.ok() && PutAside(*hooks, json.status(), call, scope.get())) return;
    EndAndReply(call.get(), scope, ResponseOf(std::move(json)));
  };
  switch (path->verb) {
    case RestVerb::kClassify:
      return RestClassify(*predictor_, *path, body, context, record, std::move(done));
    case RestVerb::kRegress:
      return RestRegress(*predictor_, *path, body, context, record, std::move(done));
    default:
      return RestPredict(*predictor_, *path, body, context, record, std::move(done));
  }
}

void RestService::Refuse(const HttpCall& call, const absl::Status& status) const {
  auto path = ParseRestPath(call.method(), call.path(), call.query());
  if (!path.ok() || path->verb == RestVerb::kStatus || path->verb == RestVerb::kMetadata) return;
  RecordRefused(*hooks_, MethodName(path->verb), std::move(path->model), ContextOf(call, *hooks_), status);
}

}  // namespace trilho

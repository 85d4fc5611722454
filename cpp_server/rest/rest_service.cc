#include "cpp_server/rest/rest_service.h"

#include <memory>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "cpp_server/http/http_status.h"
#include "cpp_server/json/message_json.h"
#include "cpp_server/rest/rest_inference.h"
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

std::vector<HttpRoute> RestService::Routes() const {
  HttpRoute route;
  route.path = kRestPrefix;
  route.is_prefix = true;
  route.answers_preflight = true;
  route.find = [this](const HttpRequestHead& head) { return Share(Find(head)); };
  return {std::move(route)};
}

HttpEndpoint RestService::Find(const HttpRequestHead& head) const {
  auto path = ParseRestPath(head.method(), head.path(), head.query());
  if (!path.ok()) return Failing(head.method() == "POST" ? Plane::kData : Plane::kControl, path.status());
  switch (path->verb) {
    case RestVerb::kStatus: {
      HttpEndpoint endpoint;
      endpoint.handle = [this, path = *std::move(path)](const std::shared_ptr<HttpCall>& call) {
        auto response = JsonResponse(Status(*manager_, path));
        call->Reply(response.ok() ? *std::move(response) : ErrorResponse(response.status()));
      };
      return endpoint;
    }
    case RestVerb::kMetadata:
      return HttpDescription(hooks_,
                             [this, path = *std::move(path)] { return JsonResponse(Metadata(*predictor_, path)); });
    default:
      return Inference(*std::move(path));
  }
}

HttpEndpoint RestService::Inference(RestPath path) const {
  std::string model = path.model;
  const char* const method = MethodName(path.verb);
  return HttpInference(method, std::move(model), hooks_,
                       [this, path = std::move(path)](const HttpCall& call, const CallContext& context,
                                                      InferenceRecord* record, HttpDone done) {
                         JsonDone json_done = [done = std::move(done)](absl::StatusOr<std::string> json) {
                           done(JsonResponse(std::move(json)));
                         };
                         switch (path.verb) {
                           case RestVerb::kClassify:
                             return RestClassify(*predictor_, path, call.body(), context, record, std::move(json_done));
                           case RestVerb::kRegress:
                             return RestRegress(*predictor_, path, call.body(), context, record, std::move(json_done));
                           default:
                             return RestPredict(*predictor_, path, call.body(), context, record, std::move(json_done));
                         }
                       });
}

}  // namespace trilho

#include "cpp_server/services/model_service.h"

#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "tensorflow_serving/apis/model_management.pb.h"

namespace trilho {
namespace {

using tensorflow::serving::GetModelStatusRequest;
using tensorflow::serving::GetModelStatusResponse;
using tensorflow::serving::ModelVersionStatus;
using tensorflow::serving::ReloadConfigRequest;
using tensorflow::serving::ReloadConfigResponse;

void HandleReloadConfig(const ReloadConfig& reload, UnaryCall* call) {
  ReloadConfigRequest request;
  if (!request.ParseFromArray(call->request().data(), static_cast<int>(call->request().size()))) {
    return call->Fail(absl::InvalidArgumentError("the request is not a tensorflow.serving.ReloadConfigRequest"));
  }
  if (!request.config().has_model_config_list()) {
    return call->Fail(
        absl::InvalidArgumentError("ServerModelConfig type not supported by HandleReloadConfigRequest. Only "
                                   "ModelConfigList is currently supported"));
  }
  reload(request.config(), [call](const absl::Status& status) {
    if (!status.ok()) return call->Fail(status);
    ReloadConfigResponse response;
    response.mutable_status()->set_error_code(tensorflow::error::OK);
    call->Reply(response.SerializeAsString());
  });
}

}  // namespace

absl::Status GetModelStatus(const Manager& manager, const GetModelStatusRequest& request,
                            GetModelStatusResponse* response) {
  if (!request.has_model_spec()) return absl::InvalidArgumentError("Missing ModelSpec");
  const auto& spec = request.model_spec();
  if (spec.name().empty()) return absl::InvalidArgumentError("ModelSpec has no name specified.");
  for (const ServableState& state : manager.GetStates(spec.name())) {
    if (spec.has_version() && spec.version().value() != state.id.version) continue;
    ModelVersionStatus* status = response->add_model_version_status();
    status->set_version(state.id.version);
    status->set_state(static_cast<ModelVersionStatus::State>(state.state));
    status->mutable_status()->set_error_code(static_cast<tensorflow::error::Code>(state.status.code()));
    status->mutable_status()->set_error_message(std::string(state.status.message()));
  }
  if (response->model_version_status().empty()) {
    if (spec.has_version()) {
      return absl::NotFoundError(
          absl::StrCat("Could not find version ", spec.version().value(), " of model ", spec.name()));
    }
    return absl::NotFoundError(absl::StrCat("Could not find any versions of model ", spec.name()));
  }
  return absl::OkStatus();
}

ServiceDefinition ModelService(const Manager* manager, ReloadConfig reload) {
  ServiceDefinition service;
  service.name = "tensorflow.serving.ModelService";
  service.methods.push_back(MessageMethod<GetModelStatusRequest, GetModelStatusResponse>(
      "GetModelStatus",
      [manager](const auto& request, auto* response) { return GetModelStatus(*manager, request, response); }));
  service.methods.push_back({"HandleReloadConfigRequest", Plane::kControl,
                             [reload = std::move(reload)](UnaryCall* call) { HandleReloadConfig(reload, call); }});
  return service;
}

}  // namespace trilho

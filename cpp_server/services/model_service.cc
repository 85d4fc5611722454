#include "cpp_server/services/model_service.h"

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "cpp_server/rpc/later_answer.h"
#include "tensorflow_serving/apis/model_management.pb.h"

namespace trilho {
namespace {

using tensorflow::serving::GetModelStatusRequest;
using tensorflow::serving::GetModelStatusResponse;
using tensorflow::serving::ModelVersionStatus;
using tensorflow::serving::ReloadConfigRequest;
using tensorflow::serving::ReloadConfigResponse;

void HandleReloadConfig(const ReloadConfig& reload, absl::string_view bytes,
                        const std::shared_ptr<LaterAnswer>& answer) {
  ReloadConfigRequest request;
  const absl::Status parsed = ParseRequest(bytes, &request);
  if (!parsed.ok()) return answer->Fail(parsed);
  if (!request.config().has_model_config_list()) {
    return answer->Fail(
        absl::InvalidArgumentError("ServerModelConfig type not supported by HandleReloadConfigRequest. Only "
                                   "ModelConfigList is currently supported"));
  }
  reload(request.config(), [answer](const absl::Status& status) {
    answer->Give([&]() -> absl::StatusOr<std::string> {
      if (!status.ok()) return status;
      ReloadConfigResponse response;
      response.mutable_status()->set_error_code(tensorflow::error::OK);
      return response.SerializeAsString();
    });
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
  service.methods.push_back(
      LaterMethod("HandleReloadConfigRequest",
                  [reload = std::move(reload)](absl::string_view request, const std::shared_ptr<LaterAnswer>& answer) {
                    HandleReloadConfig(reload, request, answer);
                  }));
  return service;
}

}  // namespace trilho

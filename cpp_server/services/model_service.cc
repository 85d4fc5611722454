#include "cpp_server/services/model_service.h"

#include <vector>

#include "absl/strings/str_cat.h"
#include "tensorflow_serving/apis/get_model_status.pb.h"

namespace trilho {
namespace {

using tensorflow::serving::GetModelStatusRequest;
using tensorflow::serving::GetModelStatusResponse;
using tensorflow::serving::ModelVersionStatus;

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

}  // namespace

ServiceDefinition ModelService(const Manager* manager) {
  ServiceDefinition service;
  service.name = "tensorflow.serving.ModelService";
  service.methods.push_back(MessageMethod<GetModelStatusRequest, GetModelStatusResponse>(
      "GetModelStatus",
      [manager](const auto& request, auto* response) { return GetModelStatus(*manager, request, response); }));
  return service;
}

}  // namespace trilho

// tensorflow.serving.ModelService.

#ifndef TRILHO_CPP_SERVER_SERVICES_MODEL_SERVICE_H_
#define TRILHO_CPP_SERVER_SERVICES_MODEL_SERVICE_H_

#include <functional>

#include "absl/status/status.h"
#include "cpp_server/core/manager.h"
#include "cpp_server/rpc/unary_call.h"
#include "tensorflow_serving/apis/get_model_status.pb.h"
#include "tensorflow_serving/config/model_server_config.pb.h"

namespace trilho {

// Takes a configuration and calls `done` once, now or later, when its new
// models are available or one of them has failed.
using ReloadConfig =
    std::function<void(const tensorflow::serving::ModelServerConfig& config, std::function<void(absl::Status)> done)>;

// With TF Serving's semantics and messages; besides, versions that a Source
// found and does not offer are listed as ended with the reason. `manager` must
// outlive the service.
ServiceDefinition ModelService(const Manager* manager, ReloadConfig reload);

// GetModelStatus, whatever front it came through. NOT_FOUND for an unknown
// model or version.
absl::Status GetModelStatus(const Manager& manager, const tensorflow::serving::GetModelStatusRequest& request,
                            tensorflow::serving::GetModelStatusResponse* response);

}  // namespace trilho

#endif  // TRILHO_CPP_SERVER_SERVICES_MODEL_SERVICE_H_

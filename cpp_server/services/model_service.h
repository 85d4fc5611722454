// tensorflow.serving.ModelService.

#ifndef TRILHO_CPP_SERVER_SERVICES_MODEL_SERVICE_H_
#define TRILHO_CPP_SERVER_SERVICES_MODEL_SERVICE_H_

#include "cpp_server/core/manager.h"
#include "cpp_server/rpc/unary_call.h"

namespace trilho {

// GetModelStatus, with TF Serving's semantics and messages; besides, versions
// that a Source found and does not offer are listed as ended with the reason.
// `manager` must outlive the service.
ServiceDefinition ModelService(const Manager* manager);

}  // namespace trilho

#endif  // TRILHO_CPP_SERVER_SERVICES_MODEL_SERVICE_H_

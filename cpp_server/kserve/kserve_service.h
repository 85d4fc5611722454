// The Open Inference Protocol over gRPC.

#ifndef TRILHO_CPP_SERVER_KSERVE_KSERVE_SERVICE_H_
#define TRILHO_CPP_SERVER_KSERVE_KSERVE_SERVICE_H_

#include <functional>

#include "cpp_server/core/manager.h"
#include "cpp_server/inference/predictor.h"
#include "cpp_server/kserve/kserve_repository.h"
#include "cpp_server/rpc/unary_call.h"
#include "cpp_server/services/inference_method.h"

namespace trilho {

// inference.GRPCInferenceService; see protos/kserve/open_inference.proto. `ready`
// says whether the server is, `stopping`, which may be empty, whether it is about to stop: then no model is ready
// either; all of it outlives the service.
ServiceDefinition KServeService(const Predictor* predictor, const Manager* manager, const InferenceHooks* hooks,
                                const KServeRepository* repository, std::function<bool()> ready,
                                std::function<bool()> stopping = {});

}  // namespace trilho

#endif  // TRILHO_CPP_SERVER_KSERVE_KSERVE_SERVICE_H_

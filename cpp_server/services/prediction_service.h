// tensorflow.serving.PredictionService.

#ifndef TRILHO_CPP_SERVER_SERVICES_PREDICTION_SERVICE_H_
#define TRILHO_CPP_SERVER_SERVICES_PREDICTION_SERVICE_H_

#include "cpp_server/inference/predictor.h"
#include "cpp_server/rpc/unary_call.h"

namespace trilho {

// Predict and GetModelMetadata, with TF Serving's semantics, codes and
// messages. `predictor` must outlive the service.
ServiceDefinition PredictionService(const Predictor* predictor);

}  // namespace trilho

#endif  // TRILHO_CPP_SERVER_SERVICES_PREDICTION_SERVICE_H_

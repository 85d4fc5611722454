// tensorflow.serving.PredictionService.

#ifndef TRILHO_CPP_SERVER_SERVICES_PREDICTION_SERVICE_H_
#define TRILHO_CPP_SERVER_SERVICES_PREDICTION_SERVICE_H_

#include "absl/status/status.h"
#include "cpp_server/inference/predictor.h"
#include "cpp_server/rpc/unary_call.h"
#include "cpp_server/services/inference_method.h"
#include "cpp_server/wire/tensor_proto.h"
#include "tensorflow_serving/apis/get_model_metadata.pb.h"

namespace trilho {

// With TF Serving's semantics, codes and messages. `predictor` and `hooks` must
// outlive the service.
ServiceDefinition PredictionService(const Predictor* predictor, const InferenceHooks* hooks,
                                    TensorEncoding encoding = TensorEncoding::kTypedFields);

// GetModelMetadata, whatever front it came through.
absl::Status GetModelMetadata(const Predictor& predictor, const tensorflow::serving::GetModelMetadataRequest& request,
                              tensorflow::serving::GetModelMetadataResponse* response);

}  // namespace trilho

#endif  // TRILHO_CPP_SERVER_SERVICES_PREDICTION_SERVICE_H_

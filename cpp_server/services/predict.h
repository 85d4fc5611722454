// PredictionService.Predict from bytes to bytes.

#ifndef TRILHO_CPP_SERVER_SERVICES_PREDICT_H_
#define TRILHO_CPP_SERVER_SERVICES_PREDICT_H_

#include <chrono>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "cpp_server/inference/predictor.h"

namespace trilho {

// Takes a serialized PredictRequest and returns a serialized PredictResponse.
// Tensors are filled straight from the request and written straight into the
// response. Fields that ask for streamed outputs or name the client are
// ignored, as TF Serving ignores them.
absl::StatusOr<std::string> Predict(const Predictor& predictor, absl::string_view request,
                                    std::chrono::system_clock::time_point deadline);

}  // namespace trilho

#endif  // TRILHO_CPP_SERVER_SERVICES_PREDICT_H_

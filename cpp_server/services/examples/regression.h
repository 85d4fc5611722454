// One number for each example: from a signature's output to a RegressionResult.

#ifndef TRILHO_CPP_SERVER_SERVICES_EXAMPLES_REGRESSION_H_
#define TRILHO_CPP_SERVER_SERVICES_EXAMPLES_REGRESSION_H_

#include <cstdint>

#include "absl/status/statusor.h"
#include "cpp_server/tensorflow/saved_model.h"
#include "tensorflow_serving/apis/regression.pb.h"

namespace trilho {

constexpr char kRegressMethod[] = "tensorflow/serving/regress";

// The position in signature.outputs of what Regress answers with.
// INVALID_ARGUMENT, in TF Serving's words, if the signature cannot regress; its
// method name matters only to a model that checks it.
absl::StatusOr<int> FindRegressionOutput(const SavedModel& model, const Signature& signature);

// Fills `result` from floats of shape [examples] or [examples, 1].
// INVALID_ARGUMENT if type or shape do not fit.
absl::Status ReadRegressions(const Tensor& outputs, int64_t examples, tensorflow::serving::RegressionResult* result);

}  // namespace trilho

#endif  // TRILHO_CPP_SERVER_SERVICES_EXAMPLES_REGRESSION_H_

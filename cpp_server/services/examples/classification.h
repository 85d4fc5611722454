// Classes and scores: from a signature's outputs to a ClassificationResult.

#ifndef TRILHO_CPP_SERVER_SERVICES_EXAMPLES_CLASSIFICATION_H_
#define TRILHO_CPP_SERVER_SERVICES_EXAMPLES_CLASSIFICATION_H_

#include <cstdint>

#include "absl/status/statusor.h"
#include "cpp_server/tensorflow/saved_model.h"
#include "tensorflow_serving/apis/classification.pb.h"

namespace trilho {

constexpr char kClassifyMethod[] = "tensorflow/serving/classify";

// Positions, -1 for an output that is not there; one of them is.
struct ClassificationOutputs {
  int classes = -1;
  int scores = -1;
};

// Positions in signature.outputs. INVALID_ARGUMENT, in TF Serving's words, if
// the signature cannot classify; its method name matters only to a model that
// checks it.
absl::StatusOr<ClassificationOutputs> FindClassificationOutputs(const SavedModel& model, const Signature& signature);

// Fills `result` from strings and floats of shape [examples, classes]; one of
// them may be null, which leaves labels empty or scores 0. INVALID_ARGUMENT if
// their types or shapes do not fit.
absl::Status ReadClassifications(const Tensor* classes, const Tensor* scores, int64_t examples,
                                 tensorflow::serving::ClassificationResult* result);

}  // namespace trilho

#endif  // TRILHO_CPP_SERVER_SERVICES_EXAMPLES_CLASSIFICATION_H_

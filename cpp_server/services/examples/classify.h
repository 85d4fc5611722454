// PredictionService.Classify: a label and a score for each class, for each
// example.

#ifndef TRILHO_CPP_SERVER_SERVICES_EXAMPLES_CLASSIFY_H_
#define TRILHO_CPP_SERVER_SERVICES_EXAMPLES_CLASSIFY_H_

#include <functional>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "cpp_server/inference/inference_record.h"
#include "cpp_server/inference/predictor.h"
#include "cpp_server/services/examples/examples_request.h"
#include "tensorflow_serving/apis/classification.pb.h"

namespace trilho {

using ClassifyDone = std::function<void(absl::StatusOr<tensorflow::serving::ClassificationResponse>)>;

// Calls `done` once, before it returns or later and on another thread. What is
// learnt of the call is in `record` by then, which must live as long; the
// request need only live until this returns. Codes and messages are those of TF
// Serving.
void Classify(const Predictor& predictor, const ExamplesRequest& request, const CallContext& context,
              InferenceRecord* record, ClassifyDone done);

// The same for a serialized ClassificationRequest.
void Classify(const Predictor& predictor, absl::string_view request, const CallContext& context,
              InferenceRecord* record, ClassifyDone done);

}  // namespace trilho

#endif  // TRILHO_CPP_SERVER_SERVICES_EXAMPLES_CLASSIFY_H_

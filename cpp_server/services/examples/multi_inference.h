// PredictionService.MultiInference: several signatures of one model asked about
// the same examples.

#ifndef TRILHO_CPP_SERVER_SERVICES_EXAMPLES_MULTI_INFERENCE_H_
#define TRILHO_CPP_SERVER_SERVICES_EXAMPLES_MULTI_INFERENCE_H_

#include <functional>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "cpp_server/inference/inference_record.h"
#include "cpp_server/inference/predictor.h"
#include "tensorflow_serving/apis/inference.pb.h"

namespace trilho {

using MultiInferenceDone = std::function<void(absl::StatusOr<tensorflow::serving::MultiInferenceResponse>)>;

// Takes a serialized MultiInferenceRequest and calls `done` once, now or later,
// with a result for each task, in their order. `record`, whose signature is the
// tasks' with commas between them, must live until `done` is called, the request
// until this returns.
//
// As in TF Serving, the first task's model_spec alone says which version
// answers, and the model is run once. Several tasks are run as one Signature
// made of theirs, which lives until `done` returns and is none of the model's:
// a Runner must keep nothing of it beyond the run.
void MultiInference(const Predictor& predictor, absl::string_view request, const CallContext& context,
                    InferenceRecord* record, MultiInferenceDone done);

}  // namespace trilho

#endif  // TRILHO_CPP_SERVER_SERVICES_EXAMPLES_MULTI_INFERENCE_H_

// PredictionService.Regress: a number for each example.

#ifndef TRILHO_CPP_SERVER_SERVICES_EXAMPLES_REGRESS_H_
#define TRILHO_CPP_SERVER_SERVICES_EXAMPLES_REGRESS_H_

#include <functional>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "cpp_server/inference/inference_record.h"
#include "cpp_server/inference/predictor.h"
#include "cpp_server/services/examples/examples_request.h"
#include "tensorflow_serving/apis/regression.pb.h"

namespace trilho {

using RegressDone = std::function<void(absl::StatusOr<tensorflow::serving::RegressionResponse>)>;

// As Classify: `done` once, now or later; `record` lives until then, the request
// until this returns.
void Regress(const Predictor& predictor, const ExamplesRequest& request, const CallContext& context,
             InferenceRecord* record, RegressDone done);

// The same for a serialized RegressionRequest.
void Regress(const Predictor& predictor, absl::string_view request, const CallContext& context, InferenceRecord* record,
             RegressDone done);

}  // namespace trilho

#endif  // TRILHO_CPP_SERVER_SERVICES_EXAMPLES_REGRESS_H_

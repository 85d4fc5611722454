// What Classify and Regress are asked.

#ifndef TRILHO_CPP_SERVER_SERVICES_EXAMPLES_EXAMPLES_REQUEST_H_
#define TRILHO_CPP_SERVER_SERVICES_EXAMPLES_EXAMPLES_REQUEST_H_

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "cpp_server/inference/predictor.h"
#include "cpp_server/services/examples/examples_input.h"
#include "tensorflow_serving/apis/model.pb.h"

namespace trilho {

// Views, like ModelSpec and ExamplesInput: what they point to must live until
// the function that takes the request returns.
struct ExamplesRequest {
  ModelSpec spec;
  ExamplesInput examples;
};

// The same as a message, which must outlive it.
ModelSpec ViewModelSpec(const tensorflow::serving::ModelSpec& message);

// Reads a serialized ClassificationRequest or RegressionRequest; `type` is its
// full name. Only the model_spec is parsed, into `spec`, which must outlive
// `request`. INVALID_ARGUMENT if the bytes are no such message, or without a
// model_spec.
absl::Status ReadExamplesRequest(absl::string_view bytes, absl::string_view type, tensorflow::serving::ModelSpec* spec,
                                 ExamplesRequest* request);

// INVALID_ARGUMENT for bytes that do not parse as the message of full name `type`; `reason` may be empty.
absl::Status NotARequest(absl::string_view type, absl::string_view reason = {});

}  // namespace trilho

#endif  // TRILHO_CPP_SERVER_SERVICES_EXAMPLES_EXAMPLES_REQUEST_H_

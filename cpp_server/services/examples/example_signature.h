// Signatures that take serialized examples: finding and running them.

#ifndef TRILHO_CPP_SERVER_SERVICES_EXAMPLES_EXAMPLE_SIGNATURE_H_
#define TRILHO_CPP_SERVER_SERVICES_EXAMPLES_EXAMPLE_SIGNATURE_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "cpp_server/inference/inference_record.h"
#include "cpp_server/inference/predictor.h"
#include "cpp_server/services/examples/examples_input.h"
#include "tensorflow_serving/apis/model.pb.h"

namespace trilho {

// The alias of the examples in every such signature.
constexpr char kExamplesAlias[] = "inputs";

// The signature of `model` that `name` stands for, kDefaultSignature if empty.
// INVALID_ARGUMENT with `not_found` and the name if there is none,
// UNIMPLEMENTED if it cannot be served.
absl::StatusOr<const Signature*> FindExampleSignature(const SavedModel& model, absl::string_view name,
                                                      absl::string_view not_found);

// INVALID_ARGUMENT unless `signature` has one input.
absl::Status CheckOneInput(const Signature& signature);

// INVALID_ARGUMENT unless it is called kExamplesAlias; `kind`, "classification"
// or "regression", is for the message.
absl::Status CheckExamplesInput(const SavedModel& model, const Signature& signature, absl::string_view kind);

// A signature's SignatureDef as text, for errors.
std::string SignatureText(const SavedModel& model, const Signature& signature);

// A tensor's shape and type, for errors.
std::string ShapeText(const Tensor& tensor);
std::string TypeText(const Tensor& tensor);

// Runs `resolved`, whose inputs all get the same examples. Notes their number
// and the times in `record`, which must live until `done` is called, once, now
// or later. `outputs` are positions in the signature's.
void RunExamples(const Predictor& predictor, ResolvedSignature resolved, const ExamplesInput& examples,
                 std::vector<int> outputs, const CallContext& context, InferenceRecord* record, RunDone done);

// Which model, version and signature answered, as noted in `record`.
void SetModelSpec(const InferenceRecord& record, tensorflow::serving::ModelSpec* spec);

}  // namespace trilho

#endif  // TRILHO_CPP_SERVER_SERVICES_EXAMPLES_EXAMPLE_SIGNATURE_H_

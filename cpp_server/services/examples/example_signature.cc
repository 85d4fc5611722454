#include "cpp_server/services/examples/example_signature.h"

#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "tensorflow/core/framework/types.pb.h"
#include "tensorflow_serving/apis/get_model_metadata.pb.h"

namespace trilho {

absl::StatusOr<const Signature*> FindExampleSignature(const SavedModel& model, absl::string_view name,
                                                      absl::string_view not_found) {
  const Signature* signature = model.FindSignature(name);
  if (signature != nullptr) return signature;
  if (name.empty()) name = kDefaultSignature;
  const auto& unsupported = model.signatures().unsupported;
  const auto reason = unsupported.find(std::string(name));
  if (reason == unsupported.end()) return absl::InvalidArgumentError(absl::StrCat(not_found, name));
  return absl::UnimplementedError(
      absl::StrCat("signature \"", name, "\" cannot be served: ", reason->second.message()));
}

absl::Status CheckOneInput(const Signature& signature) {
  return signature.inputs.size() == 1 ? absl::OkStatus() : absl::InvalidArgumentError("Expected one input Tensor.");
}

absl::Status CheckExamplesInput(const SavedModel& model, const Signature& signature, absl::string_view kind) {
  if (Signature::Find(signature.inputs, kExamplesAlias) >= 0) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrCat("No ", kind, " inputs found in SignatureDef: ", SignatureText(model, signature)));
}

std::string SignatureText(const SavedModel& model, const Signature& signature) {
  tensorflow::serving::SignatureDefMap map;
  // It was parsed when the model was loaded.
  if (!map.ParseFromString(model.signatures().signature_def_map)) return signature.name;
  const auto found = map.signature_def().find(signature.name);
  return found == map.signature_def().end() ? signature.name : found->second.DebugString();
}

std::string ShapeText(const Tensor& tensor) { return ShapeString(tensor.dims()); }

std::string TypeText(const Tensor& tensor) {
  return tensorflow::DataType_Name(static_cast<tensorflow::DataType>(tensor.type()));
}

void RunExamples(const Predictor& predictor, ResolvedSignature resolved, const ExamplesInput& examples,
                 std::vector<int> outputs, const CallContext& context, InferenceRecord* record, RunDone done) {
  std::vector<Tensor> inputs;
  for (size_t i = 0; i < resolved.signature->inputs.size(); ++i) {
    auto tensor = examples.ToTensor();
    if (!tensor.ok()) return done(tensor.status());
    inputs.push_back(*std::move(tensor));
  }
  record->examples = examples.size();
  predictor.Run(std::move(resolved), std::move(inputs), std::move(outputs), InputShapes::kTakenByTheGraph, context,
                [record, done = std::move(done)](absl::StatusOr<RunResult> result) {
                  if (result.ok()) record->times = result->times;
                  done(std::move(result));
                });
}

void SetModelSpec(const InferenceRecord& record, tensorflow::serving::ModelSpec* spec) {
  spec->set_name(record.model);
  spec->set_signature_name(record.signature);
  if (record.version) spec->mutable_version()->set_value(*record.version);
}

}  // namespace trilho

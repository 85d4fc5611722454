#include "cpp_server/services/examples/regression.h"

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "cpp_server/services/examples/example_signature.h"

namespace trilho {
namespace {

constexpr char kOutputs[] = "outputs";

}  // namespace

absl::StatusOr<int> FindRegressionOutput(const SavedModel& model, const Signature& signature) {
  if (model.checks_method_names() && signature.method_name != kRegressMethod) {
    return absl::InvalidArgumentError(absl::StrCat("Expected regression signature method_name to be ", kRegressMethod,
                                                   ". Was: ", signature.method_name));
  }
  const absl::Status one_input = CheckOneInput(signature);
  if (!one_input.ok()) return one_input;
  if (signature.outputs.size() != 1) return absl::InvalidArgumentError("Expected one output Tensor.");
  const absl::Status examples = CheckExamplesInput(model, signature, "regression");
  if (!examples.ok()) return examples;
  const int output = Signature::Find(signature.outputs, kOutputs);
  if (output < 0) {
    return absl::InvalidArgumentError(
        absl::StrCat("No regression outputs found in SignatureDef: ", SignatureText(model, signature)));
  }
  return output;
}

absl::Status ReadRegressions(const Tensor& outputs, int64_t examples, tensorflow::serving::RegressionResult* result) {
  if (outputs.rank() != 1 && !(outputs.rank() == 2 && outputs.dim(1) == 1)) {
    return absl::InvalidArgumentError(absl::StrCat(
        "Expected output Tensor shape to be either [batch_size] or [batch_size, 1] but got ", ShapeText(outputs)));
  }
  if (outputs.dim(0) != examples) {
    return absl::InvalidArgumentError(
        absl::StrCat("Input batch size did not match output batch size: ", examples, " vs. ", outputs.dim(0)));
  }
  if (outputs.type() != TF_FLOAT) {
    return absl::InvalidArgumentError(absl::StrCat("Expected output Tensor of DT_FLOAT.  Got: ", TypeText(outputs)));
  }
  result->mutable_regressions()->Reserve(static_cast<int>(examples));
  for (int64_t i = 0; i < examples; ++i) result->add_regressions()->set_value(outputs.data<float>()[i]);
  return absl::OkStatus();
}

}  // namespace trilho

#include "cpp_server/services/examples/classification.h"

#include <string>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "cpp_server/services/examples/example_signature.h"

namespace trilho {
namespace {

constexpr char kClasses[] = "classes";
constexpr char kScores[] = "scores";

absl::Status CheckOutput(absl::string_view alias, const Tensor& tensor, TF_DataType type, absl::string_view type_name,
                         int64_t examples) {
  if (tensor.rank() != 2) {
    return absl::InvalidArgumentError(absl::StrCat("Expected Tensor shape: [batch_size num_classes] but got ",
                                                   ShapeText(tensor), " (output \"", alias, "\")"));
  }
  if (tensor.type() != type) {
    return absl::InvalidArgumentError(
        absl::StrCat("Expected ", alias, " Tensor of ", type_name, ". Got: ", TypeText(tensor)));
  }
  if (tensor.dim(0) != examples) {
    return absl::InvalidArgumentError(
        absl::StrCat("Expected ", alias, " output batch size of ", examples, ". Got: ", tensor.dim(0)));
  }
  return absl::OkStatus();
}

absl::Status CheckOutputs(const Tensor* classes, const Tensor* scores, int64_t examples) {
  if (classes != nullptr) {
    absl::Status checked = CheckOutput(kClasses, *classes, TF_STRING, "DT_STRING", examples);
    if (!checked.ok()) return checked;
  }
  if (scores != nullptr) {
    absl::Status checked = CheckOutput(kScores, *scores, TF_FLOAT, "DT_FLOAT", examples);
    if (!checked.ok()) return checked;
  }
  if (classes != nullptr && scores != nullptr && classes->dim(1) != scores->dim(1)) {
    return absl::InvalidArgumentError(absl::StrCat("Tensors class and score should match in dim_size(1). Got ",
                                                   classes->dim(1), " vs. ", scores->dim(1)));
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<ClassificationOutputs> FindClassificationOutputs(const SavedModel& model, const Signature& signature) {
  if (model.checks_method_names() && signature.method_name != kClassifyMethod) {
    return absl::InvalidArgumentError(absl::StrCat("Expected classification signature method_name to be ",
                                                   kClassifyMethod, ". Was: ", signature.method_name));
  }
  const absl::Status one_input = CheckOneInput(signature);
  if (!one_input.ok()) return one_input;
  if (signature.outputs.size() != 1 && signature.outputs.size() != 2) {
    return absl::InvalidArgumentError(
        absl::StrCat("Expected one or two output Tensors, found ", signature.outputs.size()));
  }
  const absl::Status examples = CheckExamplesInput(model, signature, "classification");
  if (!examples.ok()) return examples;
  ClassificationOutputs outputs;
  outputs.classes = Signature::Find(signature.outputs, kClasses);
  outputs.scores = Signature::Find(signature.outputs, kScores);
  if (outputs.classes < 0 && outputs.scores < 0) {
    return absl::InvalidArgumentError(absl::StrCat("Expected classification signature outputs to contain at least one ",
                                                   "of \"", kClasses, "\" or \"", kScores,
                                                   "\". Signature was: ", SignatureText(model, signature)));
  }
  return outputs;
}

absl::Status ReadClassifications(const Tensor* classes, const Tensor* scores, int64_t examples,
                                 tensorflow::serving::ClassificationResult* result) {
  absl::Status checked = CheckOutputs(classes, scores, examples);
  if (!checked.ok()) return checked;
  const int64_t num_classes = classes != nullptr ? classes->dim(1) : scores->dim(1);
  result->mutable_classifications()->Reserve(static_cast<int>(examples));
  for (int64_t i = 0; i < examples; ++i) {
    auto* classifications = result->add_classifications();
    classifications->mutable_classes()->Reserve(static_cast<int>(num_classes));
    for (int64_t j = i * num_classes; j < (i + 1) * num_classes; ++j) {
      tensorflow::serving::Class* one = classifications->add_classes();
      if (classes != nullptr) {
        const absl::string_view label = classes->string(j);
        one->set_label(label.data(), label.size());
      }
      if (scores != nullptr) one->set_score(scores->data<float>()[j]);
    }
  }
  return absl::OkStatus();
}

}  // namespace trilho

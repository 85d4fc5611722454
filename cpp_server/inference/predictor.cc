#include "cpp_server/inference/predictor.h"

#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "cpp_server/tensorflow/data_type.h"

namespace trilho {
namespace {

absl::Status CheckInputs(const Signature& signature, const std::vector<Tensor>& inputs) {
  for (size_t i = 0; i < inputs.size(); ++i) {
    const TensorInfo& expected = signature.inputs[i];
    if (inputs[i].type() != expected.type) {
      return absl::InvalidArgumentError(absl::StrCat("Expects arg[", i, "] to be ", DataTypeName(expected.type),
                                                     " but ", DataTypeName(inputs[i].type()), " is provided (input \"",
                                                     expected.alias, "\")"));
    }
    const std::vector<int64_t> dims = inputs[i].dims();
    if (!expected.Accepts(dims)) {
      return absl::InvalidArgumentError(absl::StrCat("input \"", expected.alias, "\" has shape ", ShapeString(dims),
                                                     ", signature \"", signature.name, "\" expects ",
                                                     ShapeString(*expected.shape), " (-1: any size)"));
    }
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<ServableHandle<SavedModel>> Predictor::FindModel(const ModelSpec& spec) const {
  if (spec.name.empty()) return absl::InvalidArgumentError("ModelSpec has no name specified.");
  if (!spec.version_label.empty()) {
    return absl::InvalidArgumentError(absl::StrCat("Unrecognized servable version label: ", spec.version_label));
  }
  return manager_->GetServableHandle<SavedModel>({std::string(spec.name), spec.version});
}

absl::StatusOr<ResolvedSignature> Predictor::Resolve(const ModelSpec& spec) const {
  auto model = FindModel(spec);
  if (!model.ok()) return model.status();
  const Signature* signature = (*model)->FindSignature(spec.signature_name);
  if (signature == nullptr) {
    const absl::string_view name = spec.signature_name.empty() ? kDefaultSignature : spec.signature_name;
    const auto& unsupported = (*model)->signatures().unsupported;
    const auto reason = unsupported.find(std::string(name));
    if (reason != unsupported.end()) {
      return absl::Status(absl::StatusCode::kUnimplemented,
                          absl::StrCat("signature \"", name, "\" cannot be served: ", reason->second.message()));
    }
    return absl::FailedPreconditionError(absl::StrCat("Serving signature key \"", name, "\" not found."));
  }
  return ResolvedSignature{*std::move(model), signature};
}

absl::StatusOr<std::vector<Tensor>> Predictor::Run(const ResolvedSignature& resolved, const std::vector<Tensor>& inputs,
                                                   const std::vector<int>& outputs,
                                                   std::chrono::system_clock::time_point deadline) const {
  const absl::Status checked = CheckInputs(*resolved.signature, inputs);
  if (!checked.ok()) return checked;
  // Nobody waits for the answer any more: do not spend a run on it.
  if (std::chrono::system_clock::now() >= deadline) {
    return absl::DeadlineExceededError("the deadline passed before the model was run");
  }
  return resolved.model->Run(*resolved.signature, inputs, outputs);
}

}  // namespace trilho

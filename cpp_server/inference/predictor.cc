#include "cpp_server/inference/predictor.h"

#include <algorithm>
#include <iterator>
#include <memory>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "cpp_server/tensorflow/data_type.h"

namespace trilho {
namespace {

absl::Status CheckTypes(const Signature& signature, const std::vector<Tensor>& inputs) {
  for (size_t i = 0; i < inputs.size(); ++i) {
    const TensorInfo& expected = signature.inputs[i];
    if (inputs[i].type() == expected.type) continue;
    return absl::InvalidArgumentError(absl::StrCat("Expects arg[", i, "] to be ", DataTypeName(expected.type), " but ",
                                                   DataTypeName(inputs[i].type()), " is provided (input \"",
                                                   expected.alias, "\")"));
  }
  return absl::OkStatus();
}

absl::Status CheckOutputs(const Signature& signature, const std::vector<int>& outputs) {
  for (const int position : outputs) {
    const TensorInfo& output = signature.outputs[static_cast<size_t>(position)];
    if (output.unsendable.empty()) continue;
    const auto name = [&signature](std::string* out, int other) {
      out->append(signature.outputs[static_cast<size_t>(other)].alias);
    };
    return absl::UnimplementedError(
        absl::StrCat("output \"", output.alias, "\" of signature \"", signature.name, "\" cannot be sent: it ",
                     output.unsendable, "; ask for others, in output_filter (Predict over gRPC) or outputs (KServe): ",
                     absl::StrJoin(signature.SendableOutputs(), ", ", name)));
  }
  return absl::OkStatus();
}

// Which inputs have another shape than the signature's, the first few of them; empty if none has.
std::string OtherShapes(const Signature& signature, const std::vector<Tensor>& inputs) {
  constexpr size_t kFew = 4;
  std::vector<std::string> others;
  for (size_t i = 0; i < inputs.size(); ++i) {
    const TensorInfo& expected = signature.inputs[i];
    const std::vector<int64_t> dims = inputs[i].dims();
    if (expected.Accepts(dims)) continue;
    if (others.size() == kFew) {
      others.emplace_back("others too");
      break;
    }
    others.push_back(absl::StrCat("input \"", expected.alias, "\" has shape ", ShapeString(dims), ", signature \"",
                                  signature.name, "\" expects ", ShapeString(*expected.shape)));
  }
  return others.empty() ? "" : absl::StrCat(absl::StrJoin(others, "; "), " (-1: any size)");
}

// Whether an error can be the graph's, which the shapes of its inputs may explain.
bool IsOfTheGraph(const absl::Status& error) {
  return !absl::IsCancelled(error) && !absl::IsDeadlineExceeded(error) && !absl::IsResourceExhausted(error) &&
         !absl::IsUnavailable(error);
}

absl::Status CheckMethod(const SavedModel& model, const Signature& signature) {
  if (!model.checks_method_names()) return absl::OkStatus();
  constexpr absl::string_view kMethods[] = {"tensorflow/serving/predict", "tensorflow/serving/classify",
                                            "tensorflow/serving/regress"};
  if (std::find(std::begin(kMethods), std::end(kMethods), signature.method_name) != std::end(kMethods)) {
    return absl::OkStatus();
  }
  return absl::InternalError(absl::StrCat("Expected prediction signature method_name to be one of {",
                                          absl::StrJoin(kMethods, ", "), "}. Was: ", signature.method_name));
}

}  // namespace

absl::StatusOr<ServableHandle<SavedModel>> Predictor::FindModel(const ModelSpec& spec) const {
  // Its owner keeps it.
  if (manager_ == nullptr) return ServableHandle<SavedModel>(nullptr, model_, version_);
  if (spec.name.empty()) return absl::InvalidArgumentError("ModelSpec has no name specified.");
  auto model = FindNow(spec);
  if (!absence_ || !absl::IsNotFound(model.status())) return model;
  absl::Status absence = absence_(spec.name);
  if (!absence.ok()) return absence;
  // It may have come between the two looks.
  return FindNow(spec);
}

absl::StatusOr<ServableHandle<SavedModel>> Predictor::FindNow(const ModelSpec& spec) const {
  if (!spec.version_label.empty()) return FindLabelled(spec);
  return manager_->GetServableHandle<SavedModel>({std::string(spec.name), spec.version});
}

absl::StatusOr<ServableHandle<SavedModel>> Predictor::FindLabelled(const ModelSpec& spec) const {
  if (!labels_) {
    return absl::InvalidArgumentError(absl::StrCat("Unrecognized servable version label: ", spec.version_label));
  }
  absl::optional<int64_t> before;
  for (;;) {
    const auto version = labels_(spec.name, spec.version_label);
    if (!version.ok()) return version.status();
    auto model = manager_->GetServableHandle<SavedModel>({std::string(spec.name), *version});
    // A label that waited for its new version may have come to stand for that, and the old one have gone, in between.
    if (!absl::IsNotFound(model.status()) || before == *version) return model;
    before = *version;
  }
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
    return absl::FailedPreconditionError(
        absl::StrCat("Serving signature key \"", name, "\" not found.", (*model)->signatures().Choices()));
  }
  const absl::Status method = CheckMethod(**model, *signature);
  if (!method.ok()) return method;
  return ResolvedSignature{*std::move(model), signature, spec.name};
}

void Predictor::Run(ResolvedSignature resolved, std::vector<Tensor> inputs, std::vector<int> outputs,
                    InputShapes shapes, const CallContext& context, RunDone done) const {
  const absl::Status types = CheckTypes(*resolved.signature, inputs);
  if (!types.ok()) return done(types);
  const absl::Status sendable = CheckOutputs(*resolved.signature, outputs);
  if (!sendable.ok()) return done(sendable);
  std::string other_shapes = OtherShapes(*resolved.signature, inputs);
  if (!other_shapes.empty()) {
    const bool strict = manager_ != nullptr && resolved.model->strict_input_shapes();
    if (strict || shapes == InputShapes::kOfTheSignature) return done(absl::InvalidArgumentError(other_shapes));
    done = [other_shapes = std::move(other_shapes), done = std::move(done)](absl::StatusOr<RunResult> result) {
      if (result.ok() || !IsOfTheGraph(result.status())) return done(std::move(result));
      done(absl::Status(result.status().code(), absl::StrCat(result.status().message(), "; ", other_shapes)));
    };
  }
  RunRequest request;
  request.signature = resolved.signature;
  request.inputs = std::move(inputs);
  request.outputs = std::move(outputs);
  request.deadline = context.deadline;
  request.cancelled = context.cancelled;
  Runner& runner = resolved.model->runner();
  // std::function must be copyable, which a handle is not.
  auto model = std::make_shared<ServableHandle<SavedModel>>(std::move(resolved.model));
  runner.Run(std::move(request), [model = std::move(model), done = std::move(done)](absl::StatusOr<RunResult> result) {
    done(std::move(result));
  });
}

}  // namespace trilho

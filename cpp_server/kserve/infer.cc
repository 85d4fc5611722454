#include "cpp_server/kserve/infer.h"

#include <algorithm>
#include <iterator>
#include <numeric>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "cpp_server/inference/predict_log.h"
#include "cpp_server/kserve/data_types.h"
#include "cpp_server/wire/tensor_proto.h"

namespace trilho {
namespace {

std::string Aliases(const std::vector<TensorInfo>& tensors) {
  return absl::StrJoin(tensors, ", ",
                       [](std::string* out, const TensorInfo& info) { absl::StrAppend(out, info.alias); });
}

absl::Status Unknown(absl::string_view kind, absl::string_view name, const Signature& signature,
                     const std::vector<TensorInfo>& known) {
  return absl::InvalidArgumentError(
      absl::StrCat("signature \"", signature.name, "\" has no ", kind, " \"", name, "\"; it has: ", Aliases(known)));
}

// In the order of the signature's.
absl::StatusOr<std::vector<Tensor>> Arrange(std::vector<KServeTensor> sent, const Signature& signature) {
  std::vector<Tensor> inputs(signature.inputs.size());
  for (KServeTensor& input : sent) {
    const int position = Signature::Find(signature.inputs, input.name);
    if (position < 0) return Unknown("input", input.name, signature, signature.inputs);
    Tensor& place = inputs[static_cast<size_t>(position)];
    if (place) return absl::InvalidArgumentError(absl::StrCat("input \"", input.name, "\" is given twice"));
    place = std::move(input.tensor);
  }
  for (size_t i = 0; i < inputs.size(); ++i) {
    const TensorInfo& info = signature.inputs[i];
    if (inputs[i]) continue;
    if (!info.default_value) {
      return absl::InvalidArgumentError(
          absl::StrCat("input \"", info.alias, "\" is missing; the inputs are: ", Aliases(signature.inputs)));
    }
    auto tensor = ParseTensorProto(*info.default_value);
    if (!tensor.ok()) return tensor.status();
    inputs[i] = *std::move(tensor);
  }
  return inputs;
}

absl::StatusOr<std::vector<int>> Choose(const std::vector<std::string>& names, const Signature& signature) {
  std::vector<int> outputs;
  if (names.empty()) {
    outputs.resize(signature.outputs.size());
    std::iota(outputs.begin(), outputs.end(), 0);
  }
  for (const std::string& name : names) {
    const int position = Signature::Find(signature.outputs, name);
    if (position < 0) return Unknown("output", name, signature, signature.outputs);
    if (std::find(outputs.begin(), outputs.end(), position) != outputs.end()) {
      return absl::InvalidArgumentError(absl::StrCat("output \"", name, "\" is asked for twice"));
    }
    outputs.push_back(position);
  }
  for (const int position : outputs) {
    const TensorInfo& info = signature.outputs[static_cast<size_t>(position)];
    if (IsKServeOutput(info)) continue;
    const std::string why = info.unsendable.empty() ? absl::StrCat("is of type ", KServeTypeName(info.type),
                                                                   ", which the protocol does not have")
                                                    : info.unsendable;
    std::vector<TensorInfo> others;
    std::copy_if(signature.outputs.begin(), signature.outputs.end(), std::back_inserter(others), &IsKServeOutput);
    return absl::UnimplementedError(absl::StrCat("output \"", info.alias, "\" of signature \"", signature.name,
                                                 "\" cannot be sent: it ", why,
                                                 "; outputs may ask for: ", others.empty() ? "none" : Aliases(others)));
  }
  return outputs;
}

}  // namespace

bool IsKServeOutput(const TensorInfo& output) { return output.unsendable.empty() && IsKServeType(output.type); }

ModelSpec KServeSpec(const std::string& model, const std::string& version) {
  ModelSpec spec;
  spec.name = model;
  int64_t number = 0;
  const bool is_number = !version.empty() && std::all_of(version.begin(), version.end(), absl::ascii_isdigit);
  if (is_number && absl::SimpleAtoi(version, &number)) {
    spec.version = number;
  } else {
    spec.version_label = version;
  }
  return spec;
}

void Infer(const Predictor& predictor, InferRequest request, const CallContext& context, InferenceRecord* record,
           InferDone done) {
  record->model = request.model;
  record->signature = request.signature_name;
  ModelSpec spec = KServeSpec(request.model, request.version);
  spec.signature_name = request.signature_name;
  auto resolved = predictor.Resolve(spec);
  if (!resolved.ok()) return done(resolved.status());
  const Signature* const signature = resolved->signature;
  const int64_t version = resolved->model.version();
  record->version = version;
  record->signature = signature->name;
  auto inputs = Arrange(std::move(request.inputs), *signature);
  if (!inputs.ok()) return done(inputs.status());
  auto outputs = Choose(request.outputs, *signature);
  if (!outputs.ok()) return done(outputs.status());
  record->examples = inputs->empty() || inputs->front().rank() == 0 ? 1 : inputs->front().dim(0);
  std::vector<std::string> names;
  for (const int position : *outputs) names.push_back(signature->outputs[static_cast<size_t>(position)].alias);
  RunLogged(predictor, *std::move(resolved), *std::move(inputs), *std::move(outputs), InputShapes::kOfTheSignature,
            context, record,
            [record, version, names = std::move(names), done = std::move(done)](absl::StatusOr<RunResult> run) {
              if (!run.ok()) return done(run.status());
              record->times = run->times;
              InferResult result;
              result.version = version;
              for (size_t i = 0; i < names.size(); ++i) {
                result.outputs.push_back({names[i], std::move(run->outputs[i])});
              }
              done(std::move(result));
            });
}

}  // namespace trilho

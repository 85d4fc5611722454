#include "cpp_server/tensorflow/warmup.h"

#include <algorithm>
#include <cstring>
#include <utility>

namespace trilho {
namespace {

absl::StatusOr<Tensor> Zeros(const TensorInfo& info) {
  std::vector<int64_t> dims = info.shape.value_or(std::vector<int64_t>{1});
  for (int64_t& dim : dims) dim = dim < 0 ? 1 : dim;
  auto tensor = Tensor::Allocate(info.type, dims);
  if (tensor.ok() && info.type != TF_STRING) std::memset(tensor->data<char>(), 0, tensor->byte_size());
  return tensor;
}

absl::Status RunOnce(const SavedModel& model, const Signature& signature) {
  std::vector<Tensor> inputs;
  inputs.reserve(signature.inputs.size());
  for (const TensorInfo& info : signature.inputs) {
    auto zeros = Zeros(info);
    if (!zeros.ok()) return zeros.status();
    inputs.push_back(*std::move(zeros));
  }
  return model.Run(signature, inputs, signature.SendableOutputs()).status();
}

bool TakesStrings(const Signature& signature) {
  return std::any_of(signature.inputs.begin(), signature.inputs.end(),
                     [](const TensorInfo& info) { return info.type == TF_STRING; });
}

}  // namespace

std::vector<WarmupResult> WarmUp(const SavedModel& model, bool with_strings) {
  std::vector<WarmupResult> results;
  for (const auto& entry : model.signatures().by_name) {
    if (!with_strings && TakesStrings(entry.second)) continue;
    results.push_back({entry.first, RunOnce(model, entry.second)});
  }
  return results;
}

}  // namespace trilho

#include "cpp_server/batching/batch_plan.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "cpp_server/batching/batch_tensors.h"
#include "cpp_server/tensorflow/data_type.h"

namespace trilho {
namespace {

std::string WhyNoRows(const std::string& what, const TensorInfo& info) {
  if (!IsCopyable(info.type)) return absl::StrCat(what, " is of type ", DataTypeName(info.type));
  // To take its first dimension for rows would be a guess.
  if (!info.shape) return absl::StrCat(what, " is of unknown rank");
  if (info.shape->empty()) return absl::StrCat(what, " has no dimension");
  if (info.shape->front() >= 0) {
    return absl::StrCat("the first dimension of ", what, " is fixed, ", ShapeString(*info.shape));
  }
  return "";
}

}  // namespace

std::string WhyAlone(const Signature& signature) {
  if (signature.inputs.empty()) return "there are no inputs";
  for (const TensorInfo& input : signature.inputs) {
    std::string reason = WhyNoRows(absl::StrCat("input \"", input.alias, "\""), input);
    if (!reason.empty()) return reason;
  }
  return "";
}

std::string WhyAloneWith(const TensorInfo& output) {
  return WhyNoRows(absl::StrCat("output \"", output.alias, "\""), output);
}

BatchPlan::BatchPlan(const Signature& signature) : alone_(!WhyAlone(signature).empty()) {
  for (const TensorInfo& output : signature.outputs) output_alone_.push_back(!WhyAloneWith(output).empty());
}

absl::optional<int64_t> BatchPlan::RowsOf(const RunRequest& request) const {
  if (alone_) return absl::nullopt;
  for (size_t i = 0; i < request.outputs.size(); ++i) {
    const int output = request.outputs[i];
    if (output_alone_[static_cast<size_t>(output)]) return absl::nullopt;
    const auto before = request.outputs.begin() + static_cast<std::ptrdiff_t>(i);
    if (std::find(request.outputs.begin(), before, output) != before) return absl::nullopt;
  }
  absl::optional<int64_t> rows;
  for (size_t i = 0; i < request.inputs.size(); ++i) {
    const Tensor& input = request.inputs[i];
    // The graph may take another shape, but what its first dimension counts is not known then.
    if (!request.signature->inputs[i].Accepts(input.dims())) return absl::nullopt;
    if (input.rank() == 0 || input.dim(0) == 0) return absl::nullopt;
    if (rows && *rows != input.dim(0)) return absl::nullopt;
    rows = input.dim(0);
  }
  return rows;
}

}  // namespace trilho

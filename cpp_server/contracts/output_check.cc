#include "cpp_server/contracts/output_check.h"

#include <vector>

#include "absl/strings/str_cat.h"
#include "cpp_server/contracts/value_text.h"

namespace trilho {
namespace {

absl::Status Unfit(const ContractLayout& layout, const ContractTensor& info, const Tensor& found, int64_t examples,
                   absl::string_view why) {
  std::vector<int64_t> expected = ExpectedDims(layout, info);
  expected.front() = examples;
  return absl::InternalError(absl::StrCat("the model's output \"", info.alias, "\" is ", ContractTypeName(found.type()),
                                          " ", DimsText(found.dims()), ", expected ", ContractTypeName(info.type), " ",
                                          DimsText(expected), why));
}

class OutputChecker {
 public:
  OutputChecker(const ContractLayout& layout, int64_t examples, OutputCounts* counts)
      : layout_(layout), examples_(examples), counts_(counts), counted_by_(layout.scopes.size(), nullptr) {
    counts_->scopes.assign(layout.scopes.size(), 0);
    counts_->scopes[0] = examples;
  }

  absl::Status Check(const ContractTensor& info, const Tensor& found) {
    const int depth = Depth(layout_, info.scope);
    const int rank = depth + (info.extent == Extent::kCounted ? 1 : static_cast<int>(info.shape.size()));
    bool fits = found.type() == info.type && found.rank() == rank && found.dim(0) == examples_;
    for (size_t i = 0; fits && i < info.shape.size(); ++i) {
      fits = found.dim(depth + static_cast<int>(i)) == info.shape[i];
    }
    if (!fits) return Unfit(layout_, info, found, examples_, "");
    counts_->values.push_back(info.extent == Extent::kCounted ? found.dim(depth) : info.values);
    int axis = depth - 1;
    for (int scope = info.scope; scope > 0; scope = layout_.scopes[static_cast<size_t>(scope)].parent) {
      int64_t& count = counts_->scopes[static_cast<size_t>(scope)];
      const ContractTensor*& by = counted_by_[static_cast<size_t>(scope)];
      if (by == nullptr) {
        by = &info;
        count = found.dim(axis);
      } else if (count != found.dim(axis)) {
        return Unfit(layout_, info, found, examples_,
                     absl::StrCat(" with ", count, " of ", layout_.scopes[static_cast<size_t>(scope)].path,
                                  " in dimension ", axis, ", as \"", by->alias, "\" has"));
      }
      --axis;
    }
    return absl::OkStatus();
  }

 private:
  const ContractLayout& layout_;
  const int64_t examples_;
  OutputCounts* const counts_;
  absl::InlinedVector<const ContractTensor*, 4> counted_by_;
};

}  // namespace

absl::Status CheckOutputs(const ContractLayout& layout, int64_t examples, const std::vector<Tensor>& outputs,
                          OutputCounts* counts) {
  OutputChecker checker(layout, examples, counts);
  for (size_t i = 0; i < outputs.size(); ++i) {
    absl::Status status = checker.Check(layout.tensors[i], outputs[i]);
    if (!status.ok()) return status;
  }
  return absl::OkStatus();
}

}  // namespace trilho

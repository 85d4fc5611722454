#include "cpp_server/contracts/layout.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"

namespace trilho {

ValueClass ClassOf(FieldKind kind) {
  switch (kind) {
    case FieldKind::kFloat:
      return ValueClass::kFloat;
    case FieldKind::kDouble:
      return ValueClass::kDouble;
    case FieldKind::kUint32:
    case FieldKind::kUint64:
    case FieldKind::kFixed32:
    case FieldKind::kFixed64:
      return ValueClass::kUnsigned;
    case FieldKind::kBool:
      return ValueClass::kBool;
    case FieldKind::kString:
    case FieldKind::kBytes:
      return ValueClass::kText;
    default:
      return ValueClass::kSigned;
  }
}

WireType WireTypeOf(FieldKind kind) {
  switch (kind) {
    case FieldKind::kFloat:
    case FieldKind::kFixed32:
    case FieldKind::kSfixed32:
      return WireType::kFixed32;
    case FieldKind::kDouble:
    case FieldKind::kFixed64:
    case FieldKind::kSfixed64:
      return WireType::kFixed64;
    case FieldKind::kString:
    case FieldKind::kBytes:
      return WireType::kLengthDelimited;
    default:
      return WireType::kVarint;
  }
}

const ContractField* ContractMessage::FindLarge(uint32_t number) const {
  const auto found = std::lower_bound(fields.begin(), fields.end(), number,
                                      [](const ContractField& field, uint32_t n) { return field.number < n; });
  return found != fields.end() && found->number == number ? &*found : nullptr;
}

int Depth(const ContractLayout& layout, int scope) {
  int depth = 0;
  for (; scope >= 0; scope = layout.scopes[static_cast<size_t>(scope)].parent) ++depth;
  return depth;
}

std::vector<int64_t> ExpectedDims(const ContractLayout& layout, const ContractTensor& tensor) {
  std::vector<int64_t> dims(static_cast<size_t>(Depth(layout, tensor.scope)), kUnknownDim);
  if (tensor.extent == Extent::kCounted) dims.push_back(kUnknownDim);
  dims.insert(dims.end(), tensor.shape.begin(), tensor.shape.end());
  return dims;
}

std::string DimsText(const std::vector<int64_t>& dims) {
  const auto dim_text = [](std::string* out, int64_t dim) { absl::StrAppend(out, dim < 0 ? "?" : absl::StrCat(dim)); };
  return absl::StrCat("[", absl::StrJoin(dims, ", ", dim_text), "]");
}

}  // namespace trilho

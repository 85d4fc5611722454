#include "cpp_server/contracts/layout.h"

#include <algorithm>

#include "absl/strings/str_cat.h"

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

std::string ExpectedShape(const ContractLayout& layout, const ContractTensor& tensor) {
  std::string text = "[?";
  for (int i = 1, depth = Depth(layout, tensor.scope); i < depth; ++i) text += ", ?";
  if (tensor.extent == Extent::kCounted) text += ", ?";
  if (tensor.extent == Extent::kFixed) {
    for (const int64_t dim : tensor.shape) absl::StrAppend(&text, ", ", dim);
  }
  return text + "]";
}

}  // namespace trilho

#include "cpp_server/kserve/data_types.h"

#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "cpp_server/tensorflow/data_type.h"

namespace trilho {
namespace {

struct NamedType {
  const char* name;
  TF_DataType type;
};

constexpr NamedType kTypes[] = {
    {"BOOL", TF_BOOL},     {"UINT8", TF_UINT8}, {"UINT16", TF_UINT16}, {"UINT32", TF_UINT32}, {"UINT64", TF_UINT64},
    {"INT8", TF_INT8},     {"INT16", TF_INT16}, {"INT32", TF_INT32},   {"INT64", TF_INT64},   {"FP16", TF_HALF},
    {"BF16", TF_BFLOAT16}, {"FP32", TF_FLOAT},  {"FP64", TF_DOUBLE},   {"BYTES", TF_STRING},
};

}  // namespace

std::string KServeTypeName(TF_DataType type) {
  for (const NamedType& known : kTypes) {
    if (known.type == type) return known.name;
  }
  return absl::AsciiStrToUpper(DataTypeName(type));
}

absl::StatusOr<TF_DataType> KServeType(absl::string_view name) {
  std::vector<absl::string_view> names;
  for (const NamedType& known : kTypes) {
    if (known.name == name) return known.type;
    names.emplace_back(known.name);
  }
  return absl::InvalidArgumentError(absl::StrCat("datatype \"", name, "\" is none of ", absl::StrJoin(names, ", ")));
}

bool IsKServeType(TF_DataType type) {
  for (const NamedType& known : kTypes) {
    if (known.type == type) return true;
  }
  return false;
}

}  // namespace trilho

// Element types under the Open Inference Protocol's names.

#ifndef TRILHO_CPP_SERVER_KSERVE_DATA_TYPES_H_
#define TRILHO_CPP_SERVER_KSERVE_DATA_TYPES_H_

#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "tensorflow/c/tf_datatype.h"

namespace trilho {

// "FP32", "BYTES", ...; for a type that the protocol does not have, TensorFlow's
// name in capitals.
std::string KServeTypeName(TF_DataType type);

// INVALID_ARGUMENT, listing all names, for another one.
absl::StatusOr<TF_DataType> KServeType(absl::string_view name);

// Whether the protocol has it.
bool IsKServeType(TF_DataType type);

}  // namespace trilho

#endif  // TRILHO_CPP_SERVER_KSERVE_DATA_TYPES_H_

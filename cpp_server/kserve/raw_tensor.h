// Tensors as the Open Inference Protocol has them in bytes.

#ifndef TRILHO_CPP_SERVER_KSERVE_RAW_TENSOR_H_
#define TRILHO_CPP_SERVER_KSERVE_RAW_TENSOR_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "cpp_server/tensorflow/tensor.h"

namespace trilho {

// Numbers are little-endian and without padding, a BOOL is a byte that is 0 or
// not, a string has its length before it in four bytes, little-endian.
// INVALID_ARGUMENT, with both sizes, if `bytes` does not hold exactly the
// elements of `dims`. Memory is allocated only once the size is known to fit.
absl::StatusOr<Tensor> ReadRawTensor(TF_DataType type, const std::vector<int64_t>& dims, absl::string_view bytes);

// The same for a tensor of a type that the protocol has. INVALID_ARGUMENT for a
// string whose length does not fit into four bytes.
absl::StatusOr<std::string> WriteRawTensor(const Tensor& tensor);

}  // namespace trilho

#endif  // TRILHO_CPP_SERVER_KSERVE_RAW_TENSOR_H_

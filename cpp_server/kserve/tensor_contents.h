// Tensors as InferTensorContents has them.

#ifndef TRILHO_CPP_SERVER_KSERVE_TENSOR_CONTENTS_H_
#define TRILHO_CPP_SERVER_KSERVE_TENSOR_CONTENTS_H_

#include <cstdint>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "cpp_server/tensorflow/tensor.h"
#include "kserve/open_inference.pb.h"

namespace trilho {

// False for FP16 and BF16, which are raw only.
bool HasContentsField(TF_DataType type);

// INVALID_ARGUMENT if the field of the type does not hold exactly the elements
// of `dims`, another field holds some too, an integer is out of range, or the
// type has no field.
absl::StatusOr<Tensor> ReadContents(TF_DataType type, const std::vector<int64_t>& dims,
                                    const inference::InferTensorContents& contents);

// For a type that has a field.
void WriteContents(const Tensor& tensor, inference::InferTensorContents* contents);

}  // namespace trilho

#endif  // TRILHO_CPP_SERVER_KSERVE_TENSOR_CONTENTS_H_

// Tensors of several requests as one, and back. "Rows" are what the first
// dimension counts.

#ifndef TRILHO_CPP_SERVER_BATCHING_BATCH_TENSORS_H_
#define TRILHO_CPP_SERVER_BATCHING_BATCH_TENSORS_H_

#include <cstdint>
#include <vector>

#include "absl/status/statusor.h"
#include "cpp_server/tensorflow/tensor.h"

namespace trilho {

// Rows [first, first + count) of a tensor of rank 1 or more.
struct Rows {
  const Tensor* tensor = nullptr;
  int64_t first = 0;
  int64_t count = 0;
};

// Numbers or strings: what can be copied from tensor to tensor.
bool IsCopyable(TF_DataType type);

// One below the other, in a tensor of `rows` rows, which is at least their sum;
// the remaining rows repeat the first one of the last part. Parts have a
// copyable type and a rank in common; where they differ in another dimension,
// the smaller ones are filled up to the largest with the first element of their
// tensor (zero or "" if it has none). Every element is copied once. As
// Tensor::Allocate, INVALID_ARGUMENT or RESOURCE_EXHAUSTED for too many bytes.
absl::StatusOr<Tensor> Concatenate(const std::vector<Rows>& parts, int64_t rows);

// A copy of these rows.
absl::StatusOr<Tensor> CopyRows(const Rows& rows);

}  // namespace trilho

#endif  // TRILHO_CPP_SERVER_BATCHING_BATCH_TENSORS_H_

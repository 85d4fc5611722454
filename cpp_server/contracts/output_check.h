// Whether what a model answered is what a contract says.

#ifndef TRILHO_CPP_SERVER_CONTRACTS_OUTPUT_CHECK_H_
#define TRILHO_CPP_SERVER_CONTRACTS_OUTPUT_CHECK_H_

#include <cstdint>
#include <vector>

#include "absl/container/inlined_vector.h"
#include "absl/status/status.h"
#include "cpp_server/contracts/layout.h"
#include "cpp_server/tensorflow/tensor.h"

namespace trilho {

// How many of what there are.
struct OutputCounts {
  // Elements of each scope in one element of its parent; of scope 0 the examples.
  absl::InlinedVector<int64_t, 4> scopes;
  // Values of each tensor in one element of its scope.
  absl::InlinedVector<int64_t, 16> values;
};

// INTERNAL, naming the output, what is expected and found, for another type, rank,
// number of examples or dimension, or if elements of one repeated message have
// unequal numbers of tensors' values.
absl::Status CheckOutputs(const ContractLayout& layout, int64_t examples, const std::vector<Tensor>& outputs,
                          OutputCounts* counts);

}  // namespace trilho

#endif  // TRILHO_CPP_SERVER_CONTRACTS_OUTPUT_CHECK_H_

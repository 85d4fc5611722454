// One tensor from JSON, and back.

#ifndef TRILHO_CPP_SERVER_JSON_TENSOR_JSON_H_
#define TRILHO_CPP_SERVER_JSON_TENSOR_JSON_H_

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "cpp_server/json/json_document.h"
#include "cpp_server/tensorflow/tensor.h"

namespace trilho {

// The sizes of nested lists, those of the first element at each level.
std::vector<int64_t> JsonShape(const JsonValue& value);

// Fills a tensor with values one after another, in row-major order.
class TensorFiller {
 public:
  // `first` is a value that will be appended, for the message; `max_elements` is
  // more than there can be, by the size of the text. A shape of more elements
  // gets no memory, since Append will find lists that are not of its sizes:
  // nested lists make it easy to claim much and send little. INVALID_ARGUMENT for
  // a shape that cannot be, UNIMPLEMENTED for a type that JSON has no values for
  // (quantized, complex, resource, variant).
  static absl::StatusOr<TensorFiller> Create(TF_DataType type, const std::vector<int64_t>& dims, const JsonValue& first,
                                             size_t max_elements);

  // Appends all of `value`, whose lists must have the sizes of `dims` from
  // `level` on. INVALID_ARGUMENT, with TF Serving's message, for another shape,
  // a value of another type, or an integer out of the type's range.
  absl::Status Append(const JsonValue& value, size_t level);

  // Once all is appended. INTERNAL if the shape got no memory and yet no list was
  // of another size.
  absl::StatusOr<Tensor> Release() &&;

 private:
  TensorFiller(Tensor tensor, std::vector<int64_t> dims) : tensor_(std::move(tensor)), dims_(std::move(dims)) {}

  absl::Status AppendElement(const JsonValue& value);

  // Empty if its memory was not worth allocating; elements are then only counted.
  Tensor tensor_;
  std::vector<int64_t> dims_;
  int64_t next_ = 0;
};

// Appends the part of `tensor` below the first `fixed` indices of its leading
// dimensions: `offset` is the position of its first element, `level` the
// dimension to begin with. Strings are quoted, or {"b64": ...} if `bytes` or if
// they are not UTF-8. UNIMPLEMENTED for a type that JSON has no values for.
absl::Status AppendTensorJson(const Tensor& tensor, int level, int64_t offset, bool bytes, std::string* json);

}  // namespace trilho

#endif  // TRILHO_CPP_SERVER_JSON_TENSOR_JSON_H_

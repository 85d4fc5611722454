// A TF_Tensor with an owner.

#ifndef TRILHO_CPP_SERVER_TENSORFLOW_TENSOR_H_
#define TRILHO_CPP_SERVER_TENSORFLOW_TENSOR_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "tensorflow/c/tf_datatype.h"
#include "tensorflow/c/tf_tensor.h"

namespace trilho {

// The largest tensor taken from a request, in bytes: a gRPC message is no
// larger, and a request that names a huge shape must not get that memory.
constexpr int64_t kMaxTensorBytes = int64_t{1} << 31;

// "[2,784]"; an unknown dimension is -1.
std::string ShapeString(absl::Span<const int64_t> dims);

// Movable, possibly empty. The values live as long as TensorFlow or this object
// uses them.
class Tensor {
 public:
  Tensor() = default;
  explicit Tensor(TF_Tensor* owned) : tensor_(owned) {}

  // A tensor of numbers with undefined values, or of strings that are all
  // empty. INVALID_ARGUMENT for a negative dimension, a type without a size
  // (resource, variant) or more than kMaxTensorBytes.
  static absl::StatusOr<Tensor> Allocate(TF_DataType type, absl::Span<const int64_t> dims);

  // The number of elements of `dims`; INVALID_ARGUMENT if one is negative, or
  // there are more dimensions or elements than TensorFlow can count.
  static absl::StatusOr<int64_t> CountElements(absl::Span<const int64_t> dims);

  explicit operator bool() const { return tensor_ != nullptr; }
  TF_Tensor* get() const { return tensor_.get(); }

  TF_DataType type() const { return TF_TensorType(tensor_.get()); }
  int rank() const { return TF_NumDims(tensor_.get()); }
  int64_t dim(int i) const { return TF_Dim(tensor_.get(), i); }
  std::vector<int64_t> dims() const;
  int64_t num_elements() const { return TF_TensorElementCount(tensor_.get()); }

  // Numbers.
  template <typename T>
  T* data() const {
    return static_cast<T*>(TF_TensorData(tensor_.get()));
  }
  size_t byte_size() const { return TF_TensorByteSize(tensor_.get()); }

  // Strings; `i` counts in row-major order.
  absl::string_view string(int64_t i) const;
  // Throws std::bad_alloc if there is no memory for a copy of `value`; then the string stays as it was.
  void set_string(int64_t i, absl::string_view value);

 private:
  struct Delete {
    void operator()(TF_Tensor* tensor) const { TF_DeleteTensor(tensor); }
  };
  std::unique_ptr<TF_Tensor, Delete> tensor_;
};

}  // namespace trilho

#endif  // TRILHO_CPP_SERVER_TENSORFLOW_TENSOR_H_

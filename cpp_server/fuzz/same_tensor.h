// Comparing tensors, for fuzz targets that read something in two ways.

#ifndef TRILHO_CPP_SERVER_FUZZ_SAME_TENSOR_H_
#define TRILHO_CPP_SERVER_FUZZ_SAME_TENSOR_H_

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>

#include "cpp_server/json/small_float.h"
#include "cpp_server/tensorflow/tensor.h"

namespace trilho {

// What is not a number may be any such bits.
enum class NotANumber { kExact, kAny };

// Also of floats, whose zeros differ.
inline bool SameBytes(const void* a, const void* b, size_t size) { return std::memcmp(a, b, size) == 0; }

namespace same_tensor_internal {

template <typename T, typename ToFloat>
bool SameNumbers(const Tensor& a, const Tensor& b, ToFloat to_float) {
  for (int64_t i = 0; i < a.num_elements(); ++i) {
    const T* const left = a.data<T>() + i;
    const T* const right = b.data<T>() + i;
    if (SameBytes(left, right, sizeof(T))) continue;
    if (!std::isnan(to_float(*left)) || !std::isnan(to_float(*right))) return false;
  }
  return true;
}

}  // namespace same_tensor_internal

// Whether they have the same type, shape and elements. `nan` counts for types that JSON has values for.
inline bool SameTensor(const Tensor& a, const Tensor& b, NotANumber nan) {
  using same_tensor_internal::SameNumbers;
  if (a.type() != b.type() || a.dims() != b.dims()) return false;
  if (a.type() == TF_STRING) {
    for (int64_t i = 0; i < a.num_elements(); ++i) {
      if (a.string(i) != b.string(i)) return false;
    }
    return true;
  }
  if (a.byte_size() != b.byte_size()) return false;
  if (a.byte_size() == 0 || SameBytes(a.data<char>(), b.data<char>(), a.byte_size())) return true;
  if (nan == NotANumber::kExact) return false;
  switch (a.type()) {
    case TF_FLOAT:
      return SameNumbers<float>(a, b, [](float value) { return value; });
    case TF_DOUBLE:
      return SameNumbers<double>(a, b, [](double value) { return value; });
    case TF_HALF:
      return SameNumbers<uint16_t>(a, b, HalfToFloat);
    case TF_BFLOAT16:
      return SameNumbers<uint16_t>(a, b, BFloat16ToFloat);
    default:
      return false;
  }
}

}  // namespace trilho

#endif  // TRILHO_CPP_SERVER_FUZZ_SAME_TENSOR_H_

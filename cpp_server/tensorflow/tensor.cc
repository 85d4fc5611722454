#include "cpp_server/tensorflow/tensor.h"

#include <cstdlib>
#include <cstring>
#include <limits>
#include <new>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "cpp_server/tensorflow/data_type.h"
#include "tensorflow/c/tf_tstring.h"

namespace trilho {
namespace {

// TensorFlow aligns what it allocates for Eigen's vector instructions.
constexpr size_t kAlignment = 64;

// TensorFlow aborts the process over a shape that has more.
constexpr size_t kMaxDimensions = 254;

void FreeStrings(void* data, size_t size, void* /*arg*/) {
  auto* strings = static_cast<TF_TString*>(data);
  for (size_t i = 0; i < size / sizeof(TF_TString); ++i) TF_StringDealloc(&strings[i]);
  std::free(data);
}

// TF_DeleteTensor frees a string tensor's array but not what its strings hold,
// so string tensors get a deallocator of ours.
TF_Tensor* AllocateStrings(absl::Span<const int64_t> dims, int64_t count) {
  const size_t size = static_cast<size_t>(count) * sizeof(TF_TString);
  const size_t rounded = (size + kAlignment) / kAlignment * kAlignment;
  void* data = std::aligned_alloc(kAlignment, rounded);
  if (data == nullptr) return nullptr;
  auto* strings = static_cast<TF_TString*>(data);
  for (int64_t i = 0; i < count; ++i) TF_StringInit(&strings[i]);
  return TF_NewTensor(TF_STRING, dims.data(), static_cast<int>(dims.size()), data, size, &FreeStrings, nullptr);
}

}  // namespace

std::string ShapeString(absl::Span<const int64_t> dims) { return absl::StrCat("[", absl::StrJoin(dims, ","), "]"); }

absl::StatusOr<int64_t> Tensor::CountElements(absl::Span<const int64_t> dims) {
  if (dims.size() > kMaxDimensions) {
    return absl::InvalidArgumentError(
        absl::StrCat("a shape of ", dims.size(), " dimensions, ", kMaxDimensions, " are possible"));
  }
  int64_t count = 1;
  for (int64_t dim : dims) {
    if (dim < 0) return absl::InvalidArgumentError(absl::StrCat("negative dimension in shape ", ShapeString(dims)));
    if (dim != 0 && count > std::numeric_limits<int64_t>::max() / dim) {
      return absl::InvalidArgumentError(absl::StrCat("too many elements in shape ", ShapeString(dims)));
    }
    count *= dim;
  }
  return count;
}

absl::StatusOr<Tensor> Tensor::Allocate(TF_DataType type, absl::Span<const int64_t> dims) {
  auto count = CountElements(dims);
  if (!count.ok()) return count.status();
  const size_t element = type == TF_STRING ? sizeof(TF_TString) : TF_DataTypeSize(type);
  if (element == 0) {
    return absl::InvalidArgumentError(absl::StrCat("a tensor of ", DataTypeName(type), " cannot be passed in"));
  }
  if (*count > kMaxTensorBytes / static_cast<int64_t>(element)) {
    return absl::InvalidArgumentError(
        absl::StrCat("shape ", ShapeString(dims), " needs more than ", kMaxTensorBytes, " bytes"));
  }
  TF_Tensor* tensor = type == TF_STRING ? AllocateStrings(dims, *count)
                                        : TF_AllocateTensor(type, dims.data(), static_cast<int>(dims.size()),
                                                            static_cast<size_t>(*count) * element);
  Tensor allocated(tensor);
  // TensorFlow makes a tensor without bytes where it has no memory for them.
  if (tensor == nullptr || (*count > 0 && TF_TensorData(tensor) == nullptr)) {
    return absl::ResourceExhaustedError(absl::StrCat("no memory for a tensor of shape ", ShapeString(dims)));
  }
  return allocated;
}

std::vector<int64_t> Tensor::dims() const {
  std::vector<int64_t> dims(static_cast<size_t>(rank()));
  for (size_t i = 0; i < dims.size(); ++i) dims[i] = dim(static_cast<int>(i));
  return dims;
}

absl::string_view Tensor::string(int64_t i) const {
  const TF_TString& value = data<TF_TString>()[i];
  return {TF_StringGetDataPointer(&value), TF_StringGetSize(&value)};
}

void Tensor::set_string(int64_t i, absl::string_view value) {
  TF_TString* const string = &data<TF_TString>()[i];
  if (value.size() <= static_cast<size_t>(TF_TString_SmallCapacity)) {
    return TF_StringCopy(string, value.data(), value.size());
  }
  // As TF_StringCopy does, which writes to what malloc returns without looking.
  const size_t room = TF_align16(value.size() + 1);
  auto* const bytes = static_cast<char*>(std::malloc(room));
  if (bytes == nullptr) throw std::bad_alloc();
  std::memcpy(bytes, value.data(), value.size());
  bytes[value.size()] = '\0';
  TF_StringDealloc(string);
  string->u.large.size = TF_TString_ToInternalSizeT(value.size(), TF_TSTR_LARGE);
  string->u.large.cap = room - 1;
  string->u.large.ptr = bytes;
}

}  // namespace trilho

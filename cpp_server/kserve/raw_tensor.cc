#include "cpp_server/kserve/raw_tensor.h"

#include <algorithm>
#include <cstring>
#include <limits>
#include <utility>

#include "absl/strings/str_cat.h"
#include "cpp_server/advice/words.h"

namespace trilho {
namespace {

static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "tensors are copied as they are in memory");

using Length = uint32_t;

// Before the string; false if there is none.
bool TakeString(absl::string_view* bytes, absl::string_view* string) {
  Length length = 0;
  if (bytes->size() < sizeof(length)) return false;
  std::memcpy(&length, bytes->data(), sizeof(length));
  bytes->remove_prefix(sizeof(length));
  if (bytes->size() < length) return false;
  *string = bytes->substr(0, length);
  bytes->remove_prefix(length);
  return true;
}

absl::StatusOr<Tensor> ReadStrings(const std::vector<int64_t>& dims, int64_t count, absl::string_view bytes) {
  const size_t size = bytes.size();
  // Each has its length at least.
  if (static_cast<uint64_t>(count) > size / sizeof(Length)) {
    return absl::InvalidArgumentError(
        absl::StrCat(Counted(size, "byte is", "bytes are"), " too few for the lengths of ", Counted(count, "string")));
  }
  auto tensor = Tensor::Allocate(TF_STRING, dims);
  if (!tensor.ok()) return tensor;
  for (int64_t i = 0; i < count; ++i) {
    absl::string_view string;
    if (!TakeString(&bytes, &string)) {
      return absl::InvalidArgumentError(
          absl::StrCat(Counted(size, "byte ends", "bytes end"), " within string ", i, " of ", count));
    }
    tensor->set_string(i, string);
  }
  if (bytes.empty()) return tensor;
  return absl::InvalidArgumentError(
      absl::StrCat(Counted(bytes.size(), "byte is", "bytes are"), " left behind ", Counted(count, "string")));
}

}  // namespace

absl::StatusOr<Tensor> ReadRawTensor(TF_DataType type, const std::vector<int64_t>& dims, absl::string_view bytes) {
  const auto count = Tensor::CountElements(dims);
  if (!count.ok()) return count.status();
  if (type == TF_STRING) return ReadStrings(dims, *count, bytes);
  const size_t element = TF_DataTypeSize(type);
  if (bytes.size() % element != 0 || static_cast<uint64_t>(*count) != bytes.size() / element) {
    return absl::InvalidArgumentError(absl::StrCat(Counted(bytes.size(), "byte does", "bytes do"), " not hold the ",
                                                   Counted(*count, "element"), " of ", Counted(element, "byte"),
                                                   " each of shape ", ShapeString(dims)));
  }
  auto tensor = Tensor::Allocate(type, dims);
  if (!tensor.ok()) return tensor;
  if (type == TF_BOOL) {
    // A bool that is neither 0 nor 1 is undefined behaviour in whoever reads it.
    std::transform(bytes.begin(), bytes.end(), tensor->data<char>(),
                   [](char byte) { return static_cast<char>(byte != 0); });
  } else if (!bytes.empty()) {
    std::memcpy(tensor->data<char>(), bytes.data(), bytes.size());
  }
  return tensor;
}

absl::StatusOr<std::string> WriteRawTensor(const Tensor& tensor) {
  if (tensor.type() != TF_STRING) return std::string(tensor.data<char>(), tensor.byte_size());
  std::string bytes;
  for (int64_t i = 0; i < tensor.num_elements(); ++i) {
    const absl::string_view string = tensor.string(i);
    if (string.size() > std::numeric_limits<Length>::max()) {
      return absl::InvalidArgumentError(absl::StrCat("string ", i, " is too long for the protocol: ", string.size()));
    }
    const auto length = static_cast<Length>(string.size());
    bytes.append(reinterpret_cast<const char*>(&length), sizeof(length));
    bytes.append(string.data(), string.size());
  }
  return bytes;
}

}  // namespace trilho

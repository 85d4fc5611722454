#include <algorithm>
#include <cstring>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "cpp_server/advice/words.h"
#include "cpp_server/tensorflow/data_type.h"
#include "cpp_server/wire/tensor_layout.h"
#include "cpp_server/wire/tensor_proto.h"
#include "cpp_server/wire/wire_reader.h"
#include "tensorflow/c/tf_tstring.h"

namespace trilho {
namespace {

// The largest tensor that fewer bytes than it has elements may stand for, by a
// last value that is repeated. Whole tensors take a byte an element at least.
constexpr int64_t kMaxRepeatedBytes = int64_t{64} << 20;

absl::Status Malformed() { return absl::InvalidArgumentError("malformed TensorProto"); }

absl::Status ParseShape(absl::string_view bytes, std::vector<int64_t>* dims) {
  WireReader shape(bytes);
  while (shape.NextField()) {
    if (shape.field() == kShapeDim) {
      WireReader dim(shape.Bytes());
      int64_t size = 0;
      while (dim.NextField()) {
        if (dim.field() == kDimSize) {
          size = static_cast<int64_t>(dim.VarintField());
        } else {
          dim.Skip();
        }
      }
      if (!dim.ok()) return Malformed();
      dims->push_back(size);
    } else if (shape.field() == kShapeUnknownRank) {
      if (shape.VarintField() != 0) return absl::InvalidArgumentError("a tensor's shape must be known");
    } else {
      shape.Skip();
    }
  }
  return shape.ok() ? absl::OkStatus() : Malformed();
}

// Refuses what is mostly repetition and large: memory must be paid for with
// bytes sent.
absl::Status CheckRepetition(TF_DataType type, const ElementLayout& layout, const std::vector<int64_t>& dims,
                             size_t sent) {
  const auto count = Tensor::CountElements(dims);
  if (!count.ok()) return count.status();
  if (static_cast<uint64_t>(*count) <= sent) return absl::OkStatus();
  const auto element =
      static_cast<int64_t>(layout.encoding == ElementEncoding::kBytes ? sizeof(TF_TString) : layout.element);
  if (*count <= kMaxRepeatedBytes / element) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat("shape ", ShapeString(dims), " of ", DataTypeName(type),
                                                 " holds more than ", kMaxRepeatedBytes,
                                                 " bytes, of which only a part was sent"));
}

// Fills elements from the wire values of a typed field, in one or more pieces.
class ElementFiller {
 public:
  ElementFiller(const ElementLayout& layout, Tensor* tensor)
      : layout_(layout),
        tensor_(tensor),
        capacity_(layout.encoding == ElementEncoding::kBytes ? static_cast<size_t>(tensor->num_elements())
                                                             : tensor->byte_size()) {}

  // Consumes the current field of `reader`, packed or not. Values beyond the
  // last element are ignored, as TensorFlow does.
  void Take(WireReader* reader) {
    switch (layout_.encoding) {
      case ElementEncoding::kBytes:
        TakeString(reader->Bytes());
        return;
      case ElementEncoding::kFixed:
        TakeFixed(reader);
        return;
      case ElementEncoding::kVarint:
        TakeVarints(reader);
        return;
      case ElementEncoding::kNone:
        reader->Skip();
    }
  }

  // Fills the rest with the last value, or zeros.
  absl::Status Finish() {
    if (layout_.encoding == ElementEncoding::kBytes) {
      if (used_ == 0 || used_ >= capacity_) return absl::OkStatus();
      // A long string would be copied once for each element that was not sent.
      const uint64_t last = tensor_->string(static_cast<int64_t>(used_) - 1).size();
      if (last > static_cast<uint64_t>(kMaxRepeatedBytes) / (capacity_ - used_)) {
        return absl::InvalidArgumentError(absl::StrCat("repeating a string of ", Counted(last, "byte"), " ",
                                                       Counted(capacity_ - used_, "time"), " needs more than ",
                                                       kMaxRepeatedBytes, " bytes"));
      }
      for (size_t i = used_; i < capacity_; ++i) {
        tensor_->set_string(static_cast<int64_t>(i), tensor_->string(static_cast<int64_t>(used_) - 1));
      }
      return absl::OkStatus();
    }
    if (used_ % layout_.element != 0) return absl::InvalidArgumentError("half a complex number");
    char* data = tensor_->data<char>();
    if (used_ == 0 && capacity_ > 0) std::memset(data, 0, capacity_);
    for (size_t i = used_; used_ > 0 && i < capacity_; i += layout_.element) {
      std::memcpy(data + i, data + used_ - layout_.element, layout_.element);
    }
    return absl::OkStatus();
  }

 private:
  void TakeString(absl::string_view value) {
    if (used_ < capacity_) tensor_->set_string(static_cast<int64_t>(used_++), value);
  }

  void TakeFixed(WireReader* reader) {
    if (reader->type() == WireType::kLengthDelimited) {
      const absl::string_view packed = reader->Bytes();
      // A fraction of a value is as malformed as bytes beyond the end.
      if (packed.size() % layout_.value != 0) broken_ = true;
      Append(packed.data(), packed.size());
    } else if (layout_.value == 4) {
      const auto value = reader->FixedField<uint32_t>();
      if (reader->ok()) Append(&value, sizeof(value));
    } else {
      const auto value = reader->FixedField<uint64_t>();
      if (reader->ok()) Append(&value, sizeof(value));
    }
  }

  void TakeVarints(WireReader* reader) {
    if (reader->type() == WireType::kLengthDelimited) {
      WireReader packed(reader->Bytes());
      while (packed.ok() && !packed.done()) AppendVarint(packed.Varint());
      if (!packed.ok()) broken_ = true;
    } else {
      AppendVarint(reader->VarintField());
    }
  }

  void AppendVarint(uint64_t value) {
    if (tensor_->type() == TF_BOOL) value = value != 0 ? 1 : 0;
    // Little-endian: the low bytes come first.
    Append(&value, layout_.element);
  }

  void Append(const void* data, size_t size) {
    size = std::min(size, capacity_ - used_);
    if (size == 0) return;
    std::memcpy(tensor_->data<char>() + used_, data, size);
    used_ += size;
  }

 public:
  bool broken() const { return broken_; }

 private:
  const ElementLayout layout_;
  Tensor* const tensor_;
  const size_t capacity_;
  // Bytes, or strings.
  size_t used_ = 0;
  bool broken_ = false;
};

// A string tensor's tensor_content: the lengths as varints, then the bytes.
absl::Status FillStringsFromContent(absl::string_view content, Tensor* tensor) {
  const int64_t count = tensor->num_elements();
  // Each length takes a byte at least; a shape that claims more is a lie.
  if (static_cast<uint64_t>(count) > content.size()) return Malformed();
  WireReader lengths(content);
  std::vector<uint64_t> sizes(static_cast<size_t>(count));
  for (uint64_t& size : sizes) size = lengths.Varint();
  if (!lengths.ok()) return Malformed();
  absl::string_view bytes = content.substr(content.size() - lengths.remaining());
  for (size_t i = 0; i < sizes.size(); ++i) {
    if (sizes[i] > bytes.size()) return Malformed();
    tensor->set_string(static_cast<int64_t>(i), bytes.substr(0, sizes[i]));
    bytes.remove_prefix(sizes[i]);
  }
  return bytes.empty() ? absl::OkStatus() : Malformed();
}

absl::Status FillFromContent(absl::string_view content, Tensor* tensor) {
  if (tensor->type() == TF_STRING) return FillStringsFromContent(content, tensor);
  if (content.size() != tensor->byte_size()) {
    return absl::InvalidArgumentError(absl::StrCat("tensor_content holds ", Counted(content.size(), "byte"), ", shape ",
                                                   ShapeString(tensor->dims()), " of ", DataTypeName(tensor->type()),
                                                   " needs ", tensor->byte_size()));
  }
  if (tensor->type() == TF_BOOL) {
    // TensorFlow's kernels take the bytes for C++'s bool, which is 0 or 1 and nothing else.
    std::transform(content.begin(), content.end(), tensor->data<char>(),
                   [](char byte) { return byte != 0 ? '\1' : '\0'; });
  } else {
    std::memcpy(tensor->data<char>(), content.data(), content.size());
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<Tensor> ParseTensorProto(absl::string_view bytes) {
  // First the type and the shape, which may stand behind the elements.
  WireReader header(bytes);
  auto type = static_cast<TF_DataType>(0);
  std::vector<int64_t> dims;
  absl::string_view content;
  while (header.NextField()) {
    switch (header.field()) {
      case kDtype:
        type = static_cast<TF_DataType>(header.VarintField());
        break;
      case kShape: {
        const absl::Status status = ParseShape(header.Bytes(), &dims);
        if (!status.ok()) return status;
        break;
      }
      case kContent:
        content = header.Bytes();
        break;
      default:
        header.Skip();
    }
  }
  if (!header.ok()) return Malformed();
  const ElementLayout layout = LayoutOf(type);
  if (layout.encoding == ElementEncoding::kNone) {
    return absl::InvalidArgumentError(absl::StrCat(DataTypeName(type), " cannot be sent"));
  }
  const absl::Status repetition = CheckRepetition(type, layout, dims, bytes.size());
  if (!repetition.ok()) return repetition;
  auto tensor = Tensor::Allocate(type, dims);
  if (!tensor.ok()) return tensor.status();
  if (!content.empty()) {
    const absl::Status status = FillFromContent(content, &*tensor);
    if (!status.ok()) return status;
    return tensor;
  }

  ElementFiller filler(layout, &*tensor);
  WireReader elements(bytes);
  while (elements.NextField()) {
    if (elements.field() == layout.field) {
      filler.Take(&elements);
    } else {
      elements.Skip();
    }
  }
  if (!elements.ok() || filler.broken()) return Malformed();
  const absl::Status status = filler.Finish();
  if (!status.ok()) return status;
  return tensor;
}

}  // namespace trilho

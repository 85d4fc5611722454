#include "cpp_server/wire/tensor_proto.h"

#include <algorithm>
#include <cstring>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "cpp_server/tensorflow/data_type.h"
#include "cpp_server/wire/wire_reader.h"

namespace trilho {
namespace {

// Fields of tensorflow.TensorProto.
enum Field : uint32_t {
  kDtype = 1,
  kShape = 2,
  kContent = 4,
  kFloatVal = 5,
  kDoubleVal = 6,
  kIntVal = 7,
  kStringVal = 8,
  kComplexFloatVal = 9,
  kInt64Val = 10,
  kBoolVal = 11,
  kComplexDoubleVal = 12,
  kHalfVal = 13,
  kUint32Val = 16,
  kUint64Val = 17,
};
// Of TensorShapeProto and TensorShapeProto.Dim.
enum ShapeField : uint32_t { kShapeDim = 2, kShapeUnknownRank = 3, kDimSize = 1 };

// How the elements of a type stand in its typed field.
enum class Encoding { kNone, kFixed, kVarint, kBytes };
struct Layout {
  uint32_t field;
  Encoding encoding;
  // Bytes of an element, and of one value on the wire if fixed: a complex
  // element is two values.
  size_t element;
  size_t value;
};

Layout LayoutOf(TF_DataType type) {
  switch (type) {
    case TF_FLOAT:
      return {kFloatVal, Encoding::kFixed, 4, 4};
    case TF_DOUBLE:
      return {kDoubleVal, Encoding::kFixed, 8, 8};
    case TF_COMPLEX64:
      return {kComplexFloatVal, Encoding::kFixed, 8, 4};
    case TF_COMPLEX128:
      return {kComplexDoubleVal, Encoding::kFixed, 16, 8};
    case TF_INT32:
    case TF_QINT32:
      return {kIntVal, Encoding::kVarint, 4, 0};
    case TF_INT16:
    case TF_UINT16:
    case TF_QINT16:
    case TF_QUINT16:
      return {kIntVal, Encoding::kVarint, 2, 0};
    case TF_INT8:
    case TF_UINT8:
    case TF_QINT8:
    case TF_QUINT8:
      return {kIntVal, Encoding::kVarint, 1, 0};
    case TF_HALF:
    case TF_BFLOAT16:
      return {kHalfVal, Encoding::kVarint, 2, 0};
    case TF_INT64:
      return {kInt64Val, Encoding::kVarint, 8, 0};
    case TF_BOOL:
      return {kBoolVal, Encoding::kVarint, 1, 0};
    case TF_UINT32:
      return {kUint32Val, Encoding::kVarint, 4, 0};
    case TF_UINT64:
      return {kUint64Val, Encoding::kVarint, 8, 0};
    case TF_STRING:
      return {kStringVal, Encoding::kBytes, 0, 0};
    default:
      return {0, Encoding::kNone, 0, 0};
  }
}

// Whether a signed type of fewer than 64 bits, whose negative values are
// written with their sign extended to ten bytes.
bool IsSigned(TF_DataType type) {
  switch (type) {
    case TF_INT8:
    case TF_INT16:
    case TF_INT32:
    case TF_QINT8:
    case TF_QINT16:
    case TF_QINT32:
      return true;
    default:
      return false;
  }
}

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

// Fills elements from the wire values of a typed field, in one or more pieces.
class ElementFiller {
 public:
  ElementFiller(const Layout& layout, Tensor* tensor)
      : layout_(layout),
        tensor_(tensor),
        capacity_(layout.encoding == Encoding::kBytes ? static_cast<size_t>(tensor->num_elements())
                                                      : tensor->byte_size()) {}

  // Consumes the current field of `reader`, packed or not. Values beyond the
  // last element are ignored, as TensorFlow does.
  void Take(WireReader* reader) {
    switch (layout_.encoding) {
      case Encoding::kBytes:
        TakeString(reader->Bytes());
        return;
      case Encoding::kFixed:
        TakeFixed(reader);
        return;
      case Encoding::kVarint:
        TakeVarints(reader);
        return;
      case Encoding::kNone:
        reader->Skip();
    }
  }

  // Fills the rest with the last value, or zeros.
  absl::Status Finish() {
    if (layout_.encoding == Encoding::kBytes) {
      for (size_t i = used_; used_ > 0 && i < capacity_; ++i) {
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
  const Layout layout_;
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
    return absl::InvalidArgumentError(absl::StrCat("tensor_content holds ", content.size(), " bytes, shape ",
                                                   ShapeString(tensor->dims()), " of ", DataTypeName(tensor->type()),
                                                   " needs ", tensor->byte_size()));
  }
  std::memcpy(tensor->data<char>(), content.data(), content.size());
  return absl::OkStatus();
}

size_t ShapeSize(const Tensor& tensor) {
  size_t size = 0;
  for (int64_t dim : tensor.dims()) {
    size += WireWriter::BytesFieldSize(kShapeDim, WireWriter::VarintFieldSize(kDimSize, static_cast<uint64_t>(dim)));
  }
  return size;
}

// Calls `use` with every element as the varint that stands for it.
template <typename T, typename Use>
void ForEach(const Tensor& tensor, Use use) {
  const T* data = tensor.data<T>();
  for (int64_t i = 0, n = tensor.num_elements(); i < n; ++i) use(static_cast<uint64_t>(static_cast<int64_t>(data[i])));
}

template <typename Use>
void ForEachVarint(const Tensor& tensor, size_t element, Use use) {
  const bool is_signed = IsSigned(tensor.type());
  switch (element) {
    case 1:
      return is_signed ? ForEach<int8_t>(tensor, use) : ForEach<uint8_t>(tensor, use);
    case 2:
      return is_signed ? ForEach<int16_t>(tensor, use) : ForEach<uint16_t>(tensor, use);
    case 4:
      return is_signed ? ForEach<int32_t>(tensor, use) : ForEach<uint32_t>(tensor, use);
    default:
      return ForEach<int64_t>(tensor, use);
  }
}

size_t VarintElementsSize(const Layout& layout, const Tensor& tensor) {
  size_t size = 0;
  ForEachVarint(tensor, layout.element, [&](uint64_t value) { size += WireWriter::VarintSize(value); });
  return size;
}

size_t ElementsSize(const Layout& layout, const Tensor& tensor) {
  if (tensor.num_elements() == 0) return 0;
  switch (layout.encoding) {
    case Encoding::kFixed:
      return WireWriter::BytesFieldSize(layout.field, tensor.byte_size());
    case Encoding::kVarint:
      return WireWriter::BytesFieldSize(layout.field, VarintElementsSize(layout, tensor));
    case Encoding::kBytes: {
      size_t size = 0;
      for (int64_t i = 0, n = tensor.num_elements(); i < n; ++i) {
        size += WireWriter::BytesFieldSize(layout.field, tensor.string(i).size());
      }
      return size;
    }
    case Encoding::kNone:
      break;
  }
  return 0;
}

void WriteElements(const Layout& layout, const Tensor& tensor, WireWriter* writer) {
  if (tensor.num_elements() == 0) return;
  switch (layout.encoding) {
    case Encoding::kFixed:
      writer->BytesField(layout.field, {tensor.data<char>(), tensor.byte_size()});
      return;
    case Encoding::kVarint:
      writer->BeginBytes(layout.field, VarintElementsSize(layout, tensor));
      ForEachVarint(tensor, layout.element, [&](uint64_t value) { writer->Varint(value); });
      return;
    case Encoding::kBytes:
      for (int64_t i = 0, n = tensor.num_elements(); i < n; ++i) writer->BytesField(layout.field, tensor.string(i));
      return;
    case Encoding::kNone:
      return;
  }
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
  const Layout layout = LayoutOf(type);
  if (layout.encoding == Encoding::kNone) {
    return absl::InvalidArgumentError(absl::StrCat(DataTypeName(type), " cannot be sent"));
  }
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

bool CanSerialize(TF_DataType type) { return LayoutOf(type).encoding != Encoding::kNone; }

size_t TensorProtoSize(const Tensor& tensor) {
  return WireWriter::VarintFieldSize(kDtype, static_cast<uint64_t>(tensor.type())) +
         WireWriter::BytesFieldSize(kShape, ShapeSize(tensor)) + ElementsSize(LayoutOf(tensor.type()), tensor);
}

void WriteTensorProto(const Tensor& tensor, WireWriter* writer) {
  writer->VarintField(kDtype, static_cast<uint64_t>(tensor.type()));
  writer->BeginBytes(kShape, ShapeSize(tensor));
  for (int64_t dim : tensor.dims()) {
    writer->BeginBytes(kShapeDim, WireWriter::VarintFieldSize(kDimSize, static_cast<uint64_t>(dim)));
    writer->VarintField(kDimSize, static_cast<uint64_t>(dim));
  }
  WriteElements(LayoutOf(tensor.type()), tensor, writer);
}

}  // namespace trilho

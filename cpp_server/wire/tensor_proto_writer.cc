#include "cpp_server/wire/tensor_layout.h"
#include "cpp_server/wire/tensor_proto.h"

namespace trilho {
namespace {

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

size_t VarintElementsSize(const ElementLayout& layout, const Tensor& tensor) {
  size_t size = 0;
  ForEachVarint(tensor, layout.element, [&](uint64_t value) { size += WireWriter::VarintSize(value); });
  return size;
}

size_t ElementsSize(const ElementLayout& layout, const Tensor& tensor) {
  if (tensor.num_elements() == 0) return 0;
  switch (layout.encoding) {
    case ElementEncoding::kFixed:
      return WireWriter::BytesFieldSize(layout.field, tensor.byte_size());
    case ElementEncoding::kVarint:
      return WireWriter::BytesFieldSize(layout.field, VarintElementsSize(layout, tensor));
    case ElementEncoding::kBytes: {
      size_t size = 0;
      for (int64_t i = 0, n = tensor.num_elements(); i < n; ++i) {
        size += WireWriter::BytesFieldSize(layout.field, tensor.string(i).size());
      }
      return size;
    }
    case ElementEncoding::kNone:
      break;
  }
  return 0;
}

void WriteElements(const ElementLayout& layout, const Tensor& tensor, WireWriter* writer) {
  if (tensor.num_elements() == 0) return;
  switch (layout.encoding) {
    case ElementEncoding::kFixed:
      writer->BytesField(layout.field, {tensor.data<char>(), tensor.byte_size()});
      return;
    case ElementEncoding::kVarint:
      writer->BeginBytes(layout.field, VarintElementsSize(layout, tensor));
      ForEachVarint(tensor, layout.element, [&](uint64_t value) { writer->Varint(value); });
      return;
    case ElementEncoding::kBytes:
      for (int64_t i = 0, n = tensor.num_elements(); i < n; ++i) writer->BytesField(layout.field, tensor.string(i));
      return;
    case ElementEncoding::kNone:
      return;
  }
}

bool InContent(const Tensor& tensor, TensorEncoding encoding) {
  return encoding == TensorEncoding::kTensorContent && tensor.type() != TF_STRING && tensor.num_elements() > 0;
}

}  // namespace

bool CanSerialize(TF_DataType type) { return LayoutOf(type).encoding != ElementEncoding::kNone; }

size_t TensorProtoSize(const Tensor& tensor, TensorEncoding encoding) {
  const size_t head = WireWriter::VarintFieldSize(kDtype, static_cast<uint64_t>(tensor.type())) +
                      WireWriter::BytesFieldSize(kShape, ShapeSize(tensor));
  if (InContent(tensor, encoding)) return head + WireWriter::BytesFieldSize(kContent, tensor.byte_size());
  return head + ElementsSize(LayoutOf(tensor.type()), tensor);
}

void WriteTensorProto(const Tensor& tensor, WireWriter* writer, TensorEncoding encoding) {
  writer->VarintField(kDtype, static_cast<uint64_t>(tensor.type()));
  writer->BeginBytes(kShape, ShapeSize(tensor));
  for (int64_t dim : tensor.dims()) {
    writer->BeginBytes(kShapeDim, WireWriter::VarintFieldSize(kDimSize, static_cast<uint64_t>(dim)));
    writer->VarintField(kDimSize, static_cast<uint64_t>(dim));
  }
  if (InContent(tensor, encoding)) {
    writer->BytesField(kContent, {tensor.data<char>(), tensor.byte_size()});
  } else {
    WriteElements(LayoutOf(tensor.type()), tensor, writer);
  }
}

}  // namespace trilho

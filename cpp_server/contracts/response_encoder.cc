#include "cpp_server/contracts/response_encoder.h"

#include <utility>

#include "absl/container/inlined_vector.h"
#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "cpp_server/contracts/output_check.h"
#include "cpp_server/contracts/value.h"
#include "cpp_server/contracts/value_text.h"
#include "cpp_server/utf8/utf8.h"
#include "cpp_server/wire/wire_writer.h"

namespace trilho {
namespace {

// Clients' protobuf reads no larger message.
constexpr size_t kMaxResponseBytes = size_t{1} << 31;

uint64_t WireValue(FieldKind kind, uint64_t bits) {
  switch (kind) {
    case FieldKind::kSint32:
      return static_cast<uint32_t>(bits << 1 ^ (~(bits >> 63) + 1));
    case FieldKind::kSint64:
      return bits << 1 ^ (~(bits >> 63) + 1);
    default:
      return bits;
  }
}

size_t NumberSize(FieldKind kind, uint64_t bits) {
  switch (WireTypeOf(kind)) {
    case WireType::kFixed32:
      return sizeof(uint32_t);
    case WireType::kFixed64:
      return sizeof(uint64_t);
    default:
      return WireWriter::VarintSize(WireValue(kind, bits));
  }
}

void WriteNumber(FieldKind kind, uint64_t bits, WireWriter* writer) {
  switch (WireTypeOf(kind)) {
    case WireType::kFixed32:
      return writer->Raw(&bits, sizeof(uint32_t));
    case WireType::kFixed64:
      return writer->Raw(&bits, sizeof(uint64_t));
    default:
      return writer->Varint(WireValue(kind, bits));
  }
}

// Walks the response twice in the same way: for the sizes, which stand before
// their content, and to write.
class Encoder {
 public:
  Encoder(const ContractLayout& layout, int64_t examples, const std::vector<Tensor>& outputs)
      : layout_(layout), examples_(examples), outputs_(outputs) {}

  absl::StatusOr<std::string> Encode() {
    const absl::Status checked = CheckOutputs(layout_, examples_, outputs_, &counts_);
    if (!checked.ok()) return checked;
    const size_t size = Measure();
    if (!status_.ok()) return status_;
    if (size >= kMaxResponseBytes) {
      return absl::InternalError(
          absl::StrCat("a response of ", size, " bytes, ", kMaxResponseBytes - 1, " can be sent"));
    }
    writer_.Reserve(size);
    if (!layout_.batch()) {
      WriteMessage(layout_.messages[0], 0);
    } else {
      for (int64_t i = 0; i < examples_; ++i) {
        writer_.BeginBytes(layout_.batch_number, sizes_[next_size_++]);
        WriteMessage(layout_.messages[0], i);
      }
    }
    return std::move(writer_).Release();
  }

 private:
  size_t Measure() {
    if (!layout_.batch()) return MessageSize(layout_.messages[0], 0);
    size_t size = 0;
    for (int64_t i = 0; i < examples_; ++i) {
      size += WireWriter::BytesFieldSize(layout_.batch_number, NestedSize(layout_.messages[0], i));
    }
    return size;
  }

  // Remembers the size for when it is written.
  size_t NestedSize(const ContractMessage& message, int64_t element) {
    const size_t slot = sizes_.size();
    sizes_.push_back(0);
    const size_t size = MessageSize(message, element);
    sizes_[slot] = size;
    return size;
  }

  // `element` counts over all of its scope.
  size_t MessageSize(const ContractMessage& message, int64_t element) {
    size_t size = 0;
    for (const ContractField& field : message.fields) {
      if (field.is == ContractField::Is::kTensor) {
        size += TensorSize(field.number, field.target, element);
        continue;
      }
      const ContractMessage& nested = layout_.messages[static_cast<size_t>(field.message)];
      const int64_t first = First(field, element), count = Count(field);
      for (int64_t i = first; i < first + count; ++i) {
        size += WireWriter::BytesFieldSize(field.number, NestedSize(nested, i));
      }
    }
    return size;
  }

  void WriteMessage(const ContractMessage& message, int64_t element) {
    for (const ContractField& field : message.fields) {
      if (field.is == ContractField::Is::kTensor) {
        WriteTensor(field.number, field.target, element);
        continue;
      }
      const ContractMessage& nested = layout_.messages[static_cast<size_t>(field.message)];
      const int64_t first = First(field, element), count = Count(field);
      for (int64_t i = first; i < first + count; ++i) {
        writer_.BeginBytes(field.number, sizes_[next_size_++]);
        WriteMessage(nested, i);
      }
    }
  }

  int64_t Count(const ContractField& field) const {
    return field.is == ContractField::Is::kScope ? counts_.scopes[static_cast<size_t>(field.target)] : 1;
  }
  // A single message is in its parent's scope.
  int64_t First(const ContractField& field, int64_t element) const {
    return field.is == ContractField::Is::kScope ? element * Count(field) : element;
  }

  // The bytes of a field, with its tag; 0 if it is left out.
  size_t TensorSize(uint32_t number, int index, int64_t element) {
    const ContractTensor& info = layout_.tensors[static_cast<size_t>(index)];
    const int64_t count = counts_.values[static_cast<size_t>(index)];
    if (info.value_class == ValueClass::kText) return TextSize(number, index, element * count, count);
    if (info.value_class == ValueClass::kByteValues) {
      return count == 0 ? 0 : WireWriter::BytesFieldSize(number, static_cast<size_t>(count));
    }
    if (info.extent == Extent::kOne) {
      const uint64_t bits = Load(index, element);
      if (bits == 0 && !info.has_presence) return 0;
      return WireWriter::TagSize(number) + NumberSize(info.kind, bits);
    }
    const size_t packed = PackedSize(index, element * count, count);
    if (WireTypeOf(info.kind) == WireType::kVarint) sizes_.push_back(packed);
    return packed == 0 ? 0 : WireWriter::BytesFieldSize(number, packed);
  }

  size_t TextSize(uint32_t number, int index, int64_t first, int64_t count) {
    const ContractTensor& info = layout_.tensors[static_cast<size_t>(index)];
    size_t size = 0;
    for (int64_t i = first; i < first + count; ++i) {
      const absl::string_view text = outputs_[static_cast<size_t>(index)].string(i);
      if (info.kind == FieldKind::kString && !IsUtf8(text)) {
        Fail(info, i, "is not UTF-8, as a string must be; declare bytes");
      }
      if (!LeftOut(info, text)) size += WireWriter::BytesFieldSize(number, text.size());
    }
    return size;
  }

  size_t PackedSize(int index, int64_t first, int64_t count) {
    const ContractTensor& info = layout_.tensors[static_cast<size_t>(index)];
    if (info.same_bytes) return static_cast<size_t>(count) * info.width;
    size_t size = 0;
    for (int64_t i = first; i < first + count; ++i) size += NumberSize(info.kind, Load(index, i));
    return size;
  }

  void WriteTensor(uint32_t number, int index, int64_t element) {
    const ContractTensor& info = layout_.tensors[static_cast<size_t>(index)];
    const Tensor& output = outputs_[static_cast<size_t>(index)];
    const int64_t count = counts_.values[static_cast<size_t>(index)], first = element * count;
    if (info.value_class == ValueClass::kText) {
      for (int64_t i = first; i < first + count; ++i) {
        if (!LeftOut(info, output.string(i))) writer_.BytesField(number, output.string(i));
      }
    } else if (info.value_class == ValueClass::kByteValues) {
      if (count > 0) writer_.BytesField(number, {output.data<char>() + first, static_cast<size_t>(count)});
    } else if (info.extent == Extent::kOne) {
      const uint64_t bits = Load(index, element);
      if (bits == 0 && !info.has_presence) return;
      writer_.Tag(number, WireTypeOf(info.kind));
      WriteNumber(info.kind, bits, &writer_);
    } else {
      WritePacked(number, index, first, count);
    }
  }

  void WritePacked(uint32_t number, int index, int64_t first, int64_t count) {
    const ContractTensor& info = layout_.tensors[static_cast<size_t>(index)];
    const WireType type = WireTypeOf(info.kind);
    const size_t packed = type == WireType::kVarint ? sizes_[next_size_++]
                                                    : static_cast<size_t>(count) * (type == WireType::kFixed32 ? 4 : 8);
    if (packed == 0) return;
    writer_.BeginBytes(number, packed);
    if (info.same_bytes) {
      const char* const data = outputs_[static_cast<size_t>(index)].data<char>();
      return writer_.Raw(data + static_cast<size_t>(first) * info.width, packed);
    }
    for (int64_t i = first; i < first + count; ++i) WriteNumber(info.kind, Load(index, i), &writer_);
  }

  static bool LeftOut(const ContractTensor& info, absl::string_view text) {
    return text.empty() && info.extent == Extent::kOne && !info.has_presence;
  }

  // As a value of the field.
  uint64_t Load(int index, int64_t position) {
    const ContractTensor& info = layout_.tensors[static_cast<size_t>(index)];
    const char* const data = outputs_[static_cast<size_t>(index)].data<char>();
    uint64_t bits = 0;
    if (!LoadNumber(info, data + static_cast<size_t>(position) * info.width, &bits)) {
      Fail(info, position, absl::StrCat("does not fit into ", info.element));
    }
    return bits;
  }

  void Fail(const ContractTensor& info, int64_t position, absl::string_view problem) {
    if (!status_.ok()) return;
    status_ =
        absl::InternalError(absl::StrCat("value ", position, " of the model's output \"", info.alias, "\" ", problem));
  }

  const ContractLayout& layout_;
  const int64_t examples_;
  const std::vector<Tensor>& outputs_;
  OutputCounts counts_;
  absl::Status status_;
  // Of messages and packed varints, in the order in which they are written.
  absl::InlinedVector<size_t, 32> sizes_;
  size_t next_size_ = 0;
  WireWriter writer_;
};

}  // namespace

absl::StatusOr<std::vector<int>> ChooseOutputs(const ContractMethod& method, const Signature& signature) {
  std::vector<int> positions;
  positions.reserve(method.response.tensors.size());
  // Both are sorted.
  size_t next = 0;
  for (const ContractTensor& info : method.response.tensors) {
    while (next < signature.outputs.size() && signature.outputs[next].alias < info.alias) ++next;
    if (next == signature.outputs.size() || signature.outputs[next].alias != info.alias) {
      return absl::FailedPreconditionError(absl::StrCat("the signature \"", method.signature, "\" of the model \"",
                                                        method.model, "\" has no output \"", info.alias, "\""));
    }
    positions.push_back(static_cast<int>(next));
  }
  return positions;
}

absl::StatusOr<std::string> EncodeResponse(const ContractLayout& layout, int64_t examples,
                                           const std::vector<Tensor>& outputs) {
  return Encoder(layout, examples, outputs).Encode();
}

}  // namespace trilho

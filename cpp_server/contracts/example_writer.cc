#include "cpp_server/contracts/example_writer.h"

#include <string>
#include <utility>
#include <vector>

#include "cpp_server/wire/wire_writer.h"

namespace trilho {
namespace {

// Fields of tensorflow.Example, Features, an entry of its map, Feature, and the lists in it.
enum Field : uint32_t { kFeatures = 1, kFeature = 1, kKey = 1, kFeatureOfEntry = 2, kValue = 1 };
enum FeatureField : uint32_t { kBytesList = 1, kFloatList = 2, kInt64List = 3 };

// Values [begin, begin + count) of a column, in one example.
struct Span {
  int64_t begin = 0;
  int64_t count = 0;
  // Of the values, and with what is around them.
  size_t payload = 0;
  size_t list = 0;
  size_t feature = 0;
  size_t entry = 0;
};

class ExampleWriter {
 public:
  ExampleWriter(const ContractLayout& layout, const RequestColumns& columns)
      : layout_(layout), columns_(columns), spans_(layout.tensors.size()) {}

  // The next one.
  std::string Write() {
    size_t features = 0;
    for (size_t i = 0; i < spans_.size(); ++i) {
      Advance(i);
      features += WireWriter::BytesFieldSize(kFeature, spans_[i].entry);
    }
    WireWriter writer;
    writer.Reserve(WireWriter::BytesFieldSize(kFeatures, features));
    writer.BeginBytes(kFeatures, features);
    for (size_t i = 0; i < spans_.size(); ++i) WriteEntry(i, &writer);
    ++example_;
    return std::move(writer).Release();
  }

 private:
  void Advance(size_t i) {
    const ContractTensor& info = layout_.tensors[i];
    Span& span = spans_[i];
    span.begin += span.count;
    span.count = info.extent == Extent::kCounted ? columns_.counts[i][example_] : info.values;
    span.payload = Payload(i);
    span.list =
        info.type == TF_STRING || span.payload == 0 ? span.payload : WireWriter::BytesFieldSize(kValue, span.payload);
    span.feature = WireWriter::BytesFieldSize(ListField(info.type), span.list);
    span.entry =
        WireWriter::BytesFieldSize(kKey, info.alias.size()) + WireWriter::BytesFieldSize(kFeatureOfEntry, span.feature);
  }

  size_t Payload(size_t i) const {
    const Tensor& column = columns_.tensors[i];
    const Span& span = spans_[i];
    if (column.type() == TF_FLOAT) return static_cast<size_t>(span.count) * sizeof(float);
    size_t size = 0;
    for (int64_t v = span.begin; v < span.begin + span.count; ++v) {
      size += column.type() == TF_STRING ? WireWriter::BytesFieldSize(kValue, column.string(v).size())
                                         : WireWriter::VarintSize(column.data<uint64_t>()[v]);
    }
    return size;
  }

  void WriteEntry(size_t i, WireWriter* writer) const {
    const ContractTensor& info = layout_.tensors[i];
    const Tensor& column = columns_.tensors[i];
    const Span& span = spans_[i];
    writer->BeginBytes(kFeature, span.entry);
    writer->BytesField(kKey, info.alias);
    writer->BeginBytes(kFeatureOfEntry, span.feature);
    writer->BeginBytes(ListField(info.type), span.list);
    if (span.payload == 0) return;
    if (info.type != TF_STRING) writer->BeginBytes(kValue, span.payload);
    if (info.type == TF_FLOAT) return writer->Raw(column.data<float>() + span.begin, span.payload);
    for (int64_t v = span.begin; v < span.begin + span.count; ++v) {
      if (info.type == TF_STRING) {
        writer->BytesField(kValue, column.string(v));
      } else {
        writer->Varint(column.data<uint64_t>()[v]);
      }
    }
  }

  static uint32_t ListField(TF_DataType type) {
    return type == TF_STRING ? kBytesList : type == TF_FLOAT ? kFloatList : kInt64List;
  }

  const ContractLayout& layout_;
  const RequestColumns& columns_;
  std::vector<Span> spans_;
  size_t example_ = 0;
};

}  // namespace

absl::StatusOr<Tensor> WriteExamples(const ContractLayout& layout, const RequestColumns& columns) {
  auto examples = Tensor::Allocate(TF_STRING, {columns.examples});
  if (!examples.ok()) return examples.status();
  ExampleWriter writer(layout, columns);
  for (int64_t i = 0; i < columns.examples; ++i) examples->set_string(i, writer.Write());
  return examples;
}

}  // namespace trilho

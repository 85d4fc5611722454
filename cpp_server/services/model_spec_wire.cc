#include "cpp_server/services/model_spec_wire.h"

#include "cpp_server/wire/wire_reader.h"

namespace trilho {
namespace {

// Fields of ModelSpec, and of the google.protobuf.Int64Value in it.
enum Field : uint32_t { kName = 1, kVersion = 2, kSignatureName = 3, kVersionLabel = 4 };
constexpr uint32_t kInt64Value = 1;

size_t VersionSize(int64_t version) {
  return version == 0 ? 0 : WireWriter::VarintFieldSize(kInt64Value, static_cast<uint64_t>(version));
}

bool ReadVersion(absl::string_view bytes, ModelSpec* spec) {
  WireReader reader(bytes);
  // Present though empty: version 0.
  spec->version = spec->version.value_or(0);
  while (reader.NextField()) {
    if (reader.field() == kInt64Value) {
      spec->version = static_cast<int64_t>(reader.VarintField());
    } else {
      reader.Skip();
    }
  }
  // A oneof: the last choice counts.
  spec->version_label = {};
  return reader.ok();
}

}  // namespace

bool ReadModelSpec(absl::string_view bytes, ModelSpec* spec) {
  WireReader reader(bytes);
  bool well_formed = true;
  while (reader.NextField()) {
    switch (reader.field()) {
      case kName:
        spec->name = reader.Bytes();
        break;
      case kVersion:
        well_formed &= ReadVersion(reader.Bytes(), spec);
        break;
      case kSignatureName:
        spec->signature_name = reader.Bytes();
        break;
      case kVersionLabel:
        spec->version_label = reader.Bytes();
        spec->version.reset();
        break;
      default:
        reader.Skip();
    }
  }
  return reader.ok() && well_formed;
}

size_t ModelSpecSize(const ModelSpec& spec) {
  size_t size = WireWriter::BytesFieldSize(kName, spec.name.size()) +
                WireWriter::BytesFieldSize(kSignatureName, spec.signature_name.size());
  if (spec.version) size += WireWriter::BytesFieldSize(kVersion, VersionSize(*spec.version));
  return size;
}

void WriteModelSpec(const ModelSpec& spec, WireWriter* writer) {
  writer->BytesField(kName, spec.name);
  if (spec.version) {
    writer->BeginBytes(kVersion, VersionSize(*spec.version));
    if (*spec.version != 0) writer->VarintField(kInt64Value, static_cast<uint64_t>(*spec.version));
  }
  writer->BytesField(kSignatureName, spec.signature_name);
}

}  // namespace trilho

#include "cpp_server/request_log/log_record.h"

#include <utility>

#include "cpp_server/wire/wire_reader.h"
#include "cpp_server/wire/wire_writer.h"

namespace trilho {
namespace {

// Fields of the serving messages that a model_spec stands in.
constexpr uint32_t kRequestModelSpec = 1;
constexpr uint32_t kResponseModelSpec = 2;
// MultiInferenceRequest.tasks and MultiInferenceResponse.results, and model_spec of their elements.
constexpr uint32_t kMultiInferenceElements = 1;
constexpr uint32_t kElementModelSpec = 1;
constexpr uint32_t kModelSpecName = 1;

// The first field `wanted` of the message; empty if there is none or the message is malformed before it.
absl::string_view FirstField(absl::string_view message, uint32_t wanted) {
  WireReader reader(message);
  while (reader.NextField()) {
    if (reader.field() == wanted) return reader.Bytes();
    reader.Skip();
  }
  return {};
}

absl::string_view ModelSpecOf(const LogRecordParts& parts) {
  if (parts.kind == PredictionLogField::kMultiInference) {
    for (absl::string_view message : {parts.response, parts.request}) {
      const auto spec = FirstField(FirstField(message, kMultiInferenceElements), kElementModelSpec);
      if (!spec.empty()) return spec;
    }
    return {};
  }
  const auto spec = FirstField(parts.response, kResponseModelSpec);
  return spec.empty() ? FirstField(parts.request, kRequestModelSpec) : spec;
}

std::string Metadata(const LogRecordParts& parts) {
  WireWriter metadata;
  const absl::string_view spec = ModelSpecOf(parts);
  if (spec.empty()) {
    metadata.BeginBytes(kMetadataModelSpec, WireWriter::BytesFieldSize(kModelSpecName, parts.model.size()));
    metadata.BytesField(kModelSpecName, parts.model);
  } else {
    metadata.BytesField(kMetadataModelSpec, spec);
  }
  metadata.BytesField(kMetadataSamplingConfig, parts.sampling_config);
  metadata.VarintField(kMetadataTimestampSecs, static_cast<uint64_t>(parts.timestamp_secs));
  return std::move(metadata).Release();
}

}  // namespace

std::string MakeLogRecord(const LogRecordParts& parts) {
  const std::string metadata = Metadata(parts);
  const auto field = static_cast<uint32_t>(parts.kind);
  constexpr auto kMetadata = static_cast<uint32_t>(PredictionLogField::kMetadata);
  size_t log_size = WireWriter::BytesFieldSize(kLogRequest, parts.request.size());
  if (!parts.response.empty()) log_size += WireWriter::BytesFieldSize(kLogResponse, parts.response.size());

  WireWriter record;
  record.Reserve(WireWriter::BytesFieldSize(kMetadata, metadata.size()) + WireWriter::BytesFieldSize(field, log_size));
  record.BytesField(kMetadata, metadata);
  record.BeginBytes(field, log_size);
  record.BytesField(kLogRequest, parts.request);
  if (!parts.response.empty()) record.BytesField(kLogResponse, parts.response);
  return std::move(record).Release();
}

}  // namespace trilho

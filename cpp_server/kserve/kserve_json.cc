#include "cpp_server/kserve/kserve_json.h"

#include <vector>

#include "absl/strings/str_cat.h"
#include "cpp_server/json/json_document.h"
#include "cpp_server/json/json_text.h"
#include "cpp_server/tensorflow/tensor.h"
#include "cpp_server/utf8/utf8.h"

namespace trilho {
namespace {

// Appends what `append` writes of each, with commas between them, in brackets.
template <typename List, typename Append>
void AppendList(const List& list, std::string* json, Append append) {
  *json += '[';
  for (int i = 0; i < list.size(); ++i) {
    if (i > 0) *json += ',';
    append(list.Get(i));
  }
  *json += ']';
}

// Appends `"KEY":"TEXT"`.
void AppendMember(absl::string_view key, absl::string_view text, std::string* json) {
  absl::StrAppend(json, "\"", key, "\":");
  AppendQuoted(ValidUtf8(text), json);
}

template <typename Dims>
std::string Shape(const Dims& dims) {
  return ShapeString(std::vector<int64_t>(dims.begin(), dims.end()));
}

void AppendTensors(const google::protobuf::RepeatedPtrField<inference::ModelMetadataResponse::TensorMetadata>& tensors,
                   std::string* json) {
  AppendList(tensors, json, [json](const auto& tensor) {
    *json += '{';
    AppendMember("name", tensor.name(), json);
    *json += ',';
    AppendMember("datatype", tensor.datatype(), json);
    absl::StrAppend(json, ",\"shape\":", Shape(tensor.shape()), "}");
  });
}

template <typename Tensor>
void AppendConfigured(const Tensor& tensor, std::string* json) {
  AppendMember("name", tensor.name(), json);
  *json += ',';
  AppendMember("data_type", inference::DataType_Name(tensor.data_type()), json);
  absl::StrAppend(json, ",\"dims\":", Shape(tensor.dims()));
}

void AppendDuration(absl::string_view key, const inference::StatisticDuration& duration, std::string* json) {
  absl::StrAppend(json, "\"", key, "\":{\"count\":", duration.count(), ",\"ns\":", duration.ns(), "}");
}

}  // namespace

std::string ServerMetadataJson(const inference::ServerMetadataResponse& metadata) {
  std::string json = "{";
  AppendMember("name", metadata.name(), &json);
  json += ',';
  AppendMember("version", metadata.version(), &json);
  json += ",\"extensions\":";
  AppendList(metadata.extensions(), &json, [&json](const std::string& extension) { AppendQuoted(extension, &json); });
  return json + "}";
}

std::string ModelMetadataJson(const inference::ModelMetadataResponse& metadata) {
  std::string json = "{";
  AppendMember("name", metadata.name(), &json);
  json += ",\"versions\":";
  AppendList(metadata.versions(), &json, [&json](const std::string& version) { AppendQuoted(version, &json); });
  json += ',';
  AppendMember("platform", metadata.platform(), &json);
  json += ",\"inputs\":";
  AppendTensors(metadata.inputs(), &json);
  json += ",\"outputs\":";
  AppendTensors(metadata.outputs(), &json);
  return json + "}";
}

std::string ModelConfigJson(const inference::ModelConfig& config) {
  std::string json = "{";
  AppendMember("name", config.name(), &json);
  json += ',';
  AppendMember("platform", config.platform(), &json);
  json += ',';
  AppendMember("backend", config.backend(), &json);
  absl::StrAppend(&json, ",\"max_batch_size\":", config.max_batch_size(), ",\"input\":");
  AppendList(config.input(), &json, [&json](const inference::ModelInput& input) {
    json += '{';
    AppendConfigured(input, &json);
    absl::StrAppend(&json, ",\"optional\":", input.optional() ? "true" : "false", "}");
  });
  json += ",\"output\":";
  AppendList(config.output(), &json, [&json](const inference::ModelOutput& output) {
    json += '{';
    AppendConfigured(output, &json);
    json += '}';
  });
  json += ',';
  AppendMember("default_model_filename", config.default_model_filename(), &json);
  return json + "}";
}

std::string ModelStatisticsJson(const inference::ModelStatisticsResponse& statistics) {
  std::string json = "{\"model_stats\":";
  AppendList(statistics.model_stats(), &json, [&json](const inference::ModelStatistics& model) {
    json += '{';
    AppendMember("name", model.name(), &json);
    json += ',';
    AppendMember("version", model.version(), &json);
    absl::StrAppend(&json, ",\"last_inference\":", model.last_inference(),
                    ",\"inference_count\":", model.inference_count(), ",\"execution_count\":", model.execution_count(),
                    ",\"inference_stats\":{");
    const inference::InferStatistics& durations = model.inference_stats();
    AppendDuration("success", durations.success(), &json);
    json += ',';
    AppendDuration("fail", durations.fail(), &json);
    json += ',';
    AppendDuration("queue", durations.queue(), &json);
    json += ',';
    AppendDuration("compute_input", durations.compute_input(), &json);
    json += ',';
    AppendDuration("compute_infer", durations.compute_infer(), &json);
    json += ',';
    AppendDuration("compute_output", durations.compute_output(), &json);
    json += "},\"batch_stats\":[]}";
  });
  return json + "}";
}

std::string RepositoryIndexJson(const inference::RepositoryIndexResponse& index) {
  std::string json;
  AppendList(index.models(), &json, [&json](const inference::RepositoryIndexResponse::ModelIndex& model) {
    json += '{';
    AppendMember("name", model.name(), &json);
    const auto add = [&json](absl::string_view key, const std::string& text) {
      if (text.empty()) return;
      json += ',';
      AppendMember(key, text, &json);
    };
    add("version", model.version());
    add("state", model.state());
    add("reason", model.reason());
    json += '}';
  });
  return json;
}

absl::StatusOr<bool> ReadOnlyReady(absl::string_view json) {
  if (json.empty()) return false;
  JsonDocument document;
  const absl::Status parsed = ParseJsonObject(json, &document);
  if (!parsed.ok()) return parsed;
  const auto ready = document.FindMember("ready");
  if (ready == document.MemberEnd() || ready->value.IsNull()) return false;
  if (ready->value.IsBool()) return ready->value.GetBool();
  return absl::InvalidArgumentError(absl::StrCat("\"ready\" must be true or false, not ", JsonTypeName(ready->value)));
}

}  // namespace trilho

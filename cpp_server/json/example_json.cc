#include "cpp_server/json/example_json.h"

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "cpp_server/advice/words.h"
#include "cpp_server/json/json_document.h"
#include "cpp_server/json/json_text.h"
#include "cpp_server/utf8/utf8.h"
#include "tensorflow/core/example/example.pb.h"

namespace trilho {
namespace {

absl::Status MixedFeature(absl::string_view name, const JsonValue& value) {
  return absl::InvalidArgumentError(absl::StrCat("Unexpected element type in feature: ", name,
                                                 " JSON Value: ", JsonDebugString(value),
                                                 ", expected only integers, only numbers, or only strings"));
}

enum class Kind { kNone, kInteger, kFloat, kBytes };

int64_t IntegerOf(const JsonValue& value) { return value.IsBool() ? (value.GetBool() ? 1 : 0) : value.GetInt64(); }

absl::StatusOr<Kind> KindOf(absl::string_view name, const JsonValue& value) {
  if (value.IsInt64() || value.IsBool()) return Kind::kInteger;
  if (value.IsUint64()) {
    return absl::InvalidArgumentError(
        absl::StrCat("feature ", name, ": ", JsonDebugString(value), " is out of range of int64"));
  }
  if (value.IsNumber()) return Kind::kFloat;
  if (value.IsString() || IsBase64Object(value)) return Kind::kBytes;
  return MixedFeature(name, value);
}

absl::Status AddElement(absl::string_view name, const JsonValue& value, Kind kind, tensorflow::Feature* feature) {
  auto of = KindOf(name, value);
  if (!of.ok()) return of.status();
  const bool as_float = kind == Kind::kFloat && value.IsNumber();
  if (*of != kind && !as_float) return MixedFeature(name, value);
  if (kind == Kind::kInteger) {
    feature->mutable_int64_list()->add_value(IntegerOf(value));
  } else if (kind == Kind::kFloat) {
    feature->mutable_float_list()->add_value(static_cast<float>(value.GetDouble()));
  } else {
    return ReadJsonBytes(value, feature->mutable_bytes_list()->add_value());
  }
  return absl::OkStatus();
}

absl::Status ReadFeature(absl::string_view name, const JsonValue& value, tensorflow::Feature* feature) {
  if (!value.IsArray()) {
    const auto kind = KindOf(name, value);
    if (!kind.ok()) return kind.status();
    return AddElement(name, value, *kind, feature);
  }
  // One number that is no integer makes all of them floats.
  Kind kind = Kind::kNone;
  for (const JsonValue& element : value.GetArray()) {
    const auto of = KindOf(name, element);
    if (!of.ok()) return of.status();
    if (kind == Kind::kNone || (kind == Kind::kInteger && *of == Kind::kFloat)) kind = *of;
  }
  for (const JsonValue& element : value.GetArray()) {
    absl::Status added = AddElement(name, element, kind, feature);
    if (!added.ok()) return added;
  }
  return absl::OkStatus();
}

absl::StatusOr<std::string> ReadExample(const JsonValue& object) {
  if (!object.IsObject()) {
    return absl::InvalidArgumentError(
        absl::StrCat("Example must be JSON object but got JSON Value: ", JsonDebugString(object)));
  }
  tensorflow::Example example;
  auto* features = example.mutable_features()->mutable_feature();
  for (const auto& member : object.GetObject()) {
    const std::string name(member.name.GetString(), member.name.GetStringLength());
    // Protobuf would complain in the log, once for each.
    if (!IsUtf8(name)) {
      return absl::InvalidArgumentError(absl::StrCat("Name of feature is not UTF-8: ", JsonDebugString(member.name)));
    }
    tensorflow::Feature& feature = (*features)[name];
    // The last one of a name counts.
    feature.Clear();
    const absl::Status read = ReadFeature(name, member.value, &feature);
    if (!read.ok()) return read;
  }
  return example.SerializeAsString();
}

}  // namespace

absl::StatusOr<ExamplesJsonRequest> ReadExamplesRequest(absl::string_view body) {
  JsonDocument document;
  const absl::Status parsed = ParseJsonObject(body, &document);
  if (!parsed.ok()) return parsed;
  ExamplesJsonRequest request;
  if (document.HasMember("signature_name")) {
    const JsonValue& name = document["signature_name"];
    if (!name.IsString()) return absl::InvalidArgumentError("'signature_name' key must be a string value.");
    request.signature_name.assign(name.GetString(), name.GetStringLength());
  }
  std::string context;
  if (document.HasMember("context")) {
    auto read = ReadExample(document["context"]);
    if (!read.ok()) return absl::InvalidArgumentError(absl::StrCat("'context': ", read.status().message()));
    context = *std::move(read);
  }
  if (!document.HasMember("examples"))
    return absl::InvalidArgumentError(
        "When method is classify or regress, 'examples' key is required: a list of objects");
  const JsonValue& examples = document["examples"];
  if (!examples.IsArray() || examples.Empty()) {
    return absl::InvalidArgumentError("'examples' must be a non-empty list/array of objects");
  }
  if (context.size() > kMaxRepeatedJsonContextBytes / examples.Size()) {
    return absl::InvalidArgumentError(absl::StrCat("'context': ", Counted(context.size(), "byte"), " before each of ",
                                                   Counted(examples.Size(), "example"), " take more than ",
                                                   kMaxRepeatedJsonContextBytes, " bytes"));
  }
  request.examples.reserve(examples.Size());
  for (rapidjson::SizeType i = 0; i < examples.Size(); ++i) {
    auto read = ReadExample(examples[i]);
    if (!read.ok()) {
      return absl::InvalidArgumentError(absl::StrCat("'examples' element ", i, ": ", read.status().message()));
    }
    request.examples.push_back(absl::StrCat(context, *read));
  }
  return request;
}

std::string WriteClassifyResponse(const tensorflow::serving::ClassificationResult& result) {
  std::string json = "{\n    \"results\": [";
  for (int i = 0; i < result.classifications_size(); ++i) {
    json.append(i == 0 ? "\n        [" : ",\n        [");
    const auto& classes = result.classifications(i).classes();
    for (int c = 0; c < classes.size(); ++c) {
      json.append(c == 0 ? "[" : ", [");
      if (IsUtf8(classes[c].label())) {
        AppendQuoted(classes[c].label(), &json);
      } else {
        AppendBase64(classes[c].label(), &json);
      }
      json.append(", ");
      AppendNumber(classes[c].score(), &json);
      json.append("]");
    }
    json.append("]");
  }
  json.append("\n    ]\n}");
  return json;
}

std::string WriteRegressResponse(const tensorflow::serving::RegressionResult& result) {
  std::string json = "{\n    \"results\": [";
  for (int i = 0; i < result.regressions_size(); ++i) {
    if (i > 0) json.append(", ");
    AppendNumber(result.regressions(i).value(), &json);
  }
  json.append("]\n}");
  return json;
}

}  // namespace trilho

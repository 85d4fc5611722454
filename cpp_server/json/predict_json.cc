#include "cpp_server/json/predict_json.h"

#include <algorithm>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "cpp_server/json/json_text.h"
#include "cpp_server/json/tensor_json.h"
#include "cpp_server/wire/tensor_proto.h"

namespace trilho {
namespace {

constexpr char kSignatureName[] = "signature_name";
constexpr char kInstances[] = "instances";
constexpr char kInputs[] = "inputs";

std::string Aliases(const std::vector<TensorInfo>& infos) {
  return absl::StrJoin(infos, ",", [](std::string* out, const TensorInfo& info) { out->append(info.alias); });
}

// Null if `object` has no such member.
const JsonValue* Member(const JsonValue& object, const std::string& name) {
  const auto found =
      object.FindMember(JsonValue(rapidjson::StringRef(name.data(), static_cast<rapidjson::SizeType>(name.size()))));
  return found == object.MemberEnd() ? nullptr : &found->value;
}

absl::Status InInstance(rapidjson::SizeType i, const absl::Status& error) {
  return absl::Status(
      error.code(), absl::StrCat("Failed to process element: ", i, " of 'instances' list. Error: ", error.ToString()));
}

// A row that is an object must have all inputs without default and no others.
absl::Status CheckRow(const JsonValue& row, rapidjson::SizeType i, const Signature& signature) {
  size_t found = 0;
  bool complete = true;
  for (const TensorInfo& info : signature.inputs) {
    const bool has = Member(row, info.alias) != nullptr;
    found += has ? 1 : 0;
    complete &= has || info.default_value.has_value();
  }
  if (complete && found == row.MemberCount()) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat("Failed to process element: ", i,
                                                 " of 'instances' list. JSON object: ", JsonDebugString(row),
                                                 " keys must be equal to: ", Aliases(signature.inputs)));
}

// Whether rows and columns are objects by alias. With one input an object can
// only be that if it is not the base64 form of a plain value.
bool IsNamed(const JsonValue& value, const Signature& signature) {
  if (!value.IsObject()) return false;
  return signature.inputs.size() != 1 || !IsBase64Object(value) || Member(value, signature.inputs[0].alias) != nullptr;
}

}  // namespace

absl::StatusOr<PredictJsonRequest> PredictJsonRequest::Parse(absl::string_view body) {
  PredictJsonRequest request;
  const absl::Status parsed = ParseJsonObject(body, &request.document_);
  if (!parsed.ok()) return parsed;
  request.body_size_ = body.size();
  const JsonValue& root = request.document_;
  if (const JsonValue* name = Member(root, kSignatureName)) {
    if (!name->IsString()) return absl::InvalidArgumentError("'signature_name' key must be a string value.");
    request.signature_name_.assign(name->GetString(), name->GetStringLength());
  }
  const JsonValue* const instances = Member(root, kInstances);
  const JsonValue* const inputs = Member(root, kInputs);
  if (instances != nullptr && inputs != nullptr) {
    return absl::InvalidArgumentError("Not expecting both 'instances' and 'inputs' keys");
  }
  if (instances == nullptr && inputs == nullptr) {
    return absl::InvalidArgumentError("Missing 'inputs' or 'instances' key");
  }
  request.format_ = instances != nullptr ? PredictFormat::kRows : PredictFormat::kColumns;
  if (instances != nullptr) {
    if (!instances->IsArray()) {
      return absl::InvalidArgumentError(
          absl::StrCat("Request object: ", JsonDebugString(root), " Expecting 'instances' to be an list/array"));
    }
    if (instances->Empty()) {
      return absl::InvalidArgumentError(
          absl::StrCat("Request object: ", JsonDebugString(root), " No values in 'instances' array"));
    }
  }
  return request;
}

absl::StatusOr<std::vector<Tensor>> PredictJsonRequest::ReadInputs(const Signature& signature) const {
  return format_ == PredictFormat::kRows ? ReadRows(signature) : ReadColumns(signature);
}

absl::StatusOr<std::vector<Tensor>> PredictJsonRequest::ReadRows(const Signature& signature) const {
  const JsonValue& rows = *Member(document_, kInstances);
  const bool named = IsNamed(rows[0], signature);
  if (!named && signature.inputs.size() != 1) {
    return absl::InvalidArgumentError(
        absl::StrCat("instances is a plain list, but expecting list of objects as multiple input tensors required as "
                     "per tensorinfo_map: ",
                     Aliases(signature.inputs)));
  }
  if (named) {
    for (rapidjson::SizeType i = 0; i < rows.Size(); ++i) {
      if (!rows[i].IsObject()) {
        return absl::InvalidArgumentError(absl::StrCat("Failed to process element: ", i, " of 'instances' list. ",
                                                       "JSON Value: ", JsonDebugString(rows[i]), " Is not object"));
      }
      const absl::Status checked = CheckRow(rows[i], i, signature);
      if (!checked.ok()) return checked;
    }
  }
  std::vector<Tensor> tensors;
  tensors.reserve(signature.inputs.size());
  for (const TensorInfo& info : signature.inputs) {
    const JsonValue* const first = named ? Member(rows[0], info.alias) : &rows[0];
    if (first == nullptr) {
      auto tensor = ParseTensorProto(*info.default_value);
      if (!tensor.ok()) return tensor.status();
      tensors.push_back(*std::move(tensor));
      continue;
    }
    std::vector<int64_t> dims = JsonShape(*first);
    dims.insert(dims.begin(), rows.Size());
    auto filler = TensorFiller::Create(info.type, dims, *first, body_size_);
    if (!filler.ok()) return filler.status();
    for (rapidjson::SizeType i = 0; i < rows.Size(); ++i) {
      const JsonValue* const value = named ? Member(rows[i], info.alias) : &rows[i];
      if (value == nullptr) {
        return absl::InvalidArgumentError(absl::StrCat("Failed to process element: ", i,
                                                       " of 'instances' list. It has ", "no \"", info.alias,
                                                       "\", but the first one has"));
      }
      const absl::Status appended = filler->Append(*value, 1);
      if (!appended.ok()) return InInstance(i, appended);
    }
    auto tensor = std::move(*filler).Release();
    if (!tensor.ok()) return tensor.status();
    tensors.push_back(*std::move(tensor));
  }
  return tensors;
}

absl::StatusOr<std::vector<Tensor>> PredictJsonRequest::ReadColumns(const Signature& signature) const {
  const JsonValue& columns = *Member(document_, kInputs);
  const bool named = IsNamed(columns, signature);
  if (!named && signature.inputs.size() != 1) {
    return absl::InvalidArgumentError(
        absl::StrCat("inputs is a plain value/list, but expecting an object as multiple input tensors required as per "
                     "tensorinfo_map: ",
                     Aliases(signature.inputs)));
  }
  std::vector<Tensor> tensors;
  tensors.reserve(signature.inputs.size());
  for (const TensorInfo& info : signature.inputs) {
    const JsonValue* const value = named ? Member(columns, info.alias) : &columns;
    if (value == nullptr && info.default_value) {
      auto tensor = ParseTensorProto(*info.default_value);
      if (!tensor.ok()) return tensor.status();
      tensors.push_back(*std::move(tensor));
      continue;
    }
    if (value == nullptr) {
      return absl::InvalidArgumentError(absl::StrCat("Missing named input: ", info.alias, " in 'inputs' object."));
    }
    auto filler = TensorFiller::Create(info.type, JsonShape(*value), *value, body_size_);
    if (!filler.ok()) return filler.status();
    const absl::Status appended = filler->Append(*value, 0);
    if (!appended.ok()) {
      return absl::Status(appended.code(), absl::StrCat("input \"", info.alias, "\": ", appended.message()));
    }
    auto tensor = std::move(*filler).Release();
    if (!tensor.ok()) return tensor.status();
    tensors.push_back(*std::move(tensor));
  }
  return tensors;
}

absl::StatusOr<std::string> WritePredictResponse(PredictFormat format, const std::vector<TensorInfo>& outputs,
                                                 const std::vector<Tensor>& tensors) {
  const auto is_bytes = [](const TensorInfo& info) { return absl::EndsWith(info.alias, "_bytes"); };
  std::string json;
  if (format == PredictFormat::kColumns) {
    json.append("{\n    \"outputs\": ");
    if (tensors.size() != 1) json.append("{");
    for (size_t i = 0; i < tensors.size(); ++i) {
      if (tensors.size() != 1) {
        json.append(i == 0 ? "\n        " : ",\n        ");
        AppendQuoted(outputs[i].alias, &json);
        json.append(": ");
      }
      const absl::Status appended = AppendTensorJson(tensors[i], 0, 0, is_bytes(outputs[i]), &json);
      if (!appended.ok()) return appended;
    }
    json.append(tensors.size() != 1 ? "\n    }\n}" : "\n}");
    return json;
  }
  int64_t rows = 0;
  for (size_t i = 0; i < tensors.size(); ++i) {
    if (tensors[i].rank() == 0) {
      return absl::InvalidArgumentError(absl::StrCat("Tensor name: ", outputs[i].alias, " has no shape information "));
    }
    if (i > 0 && tensors[i].dim(0) != rows) {
      return absl::InvalidArgumentError(absl::StrCat("Tensor name: ", outputs[i].alias,
                                                     " has inconsistent batch size: ", tensors[i].dim(0),
                                                     " expecting: ", rows));
    }
    rows = tensors[i].dim(0);
  }
  json.append("{\n    \"predictions\": [");
  for (int64_t row = 0; row < rows; ++row) {
    json.append(row == 0 ? "\n        " : ",\n        ");
    if (tensors.size() != 1) json.append("{");
    for (size_t i = 0; i < tensors.size(); ++i) {
      if (tensors.size() != 1) {
        if (i > 0) json.append(", ");
        AppendQuoted(outputs[i].alias, &json);
        json.append(": ");
      }
      const int64_t stride = tensors[i].num_elements() / std::max<int64_t>(rows, 1);
      const absl::Status appended = AppendTensorJson(tensors[i], 1, row * stride, is_bytes(outputs[i]), &json);
      if (!appended.ok()) return appended;
    }
    if (tensors.size() != 1) json.append("}");
  }
  json.append("\n    ]\n}");
  return json;
}

}  // namespace trilho

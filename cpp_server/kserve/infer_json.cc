#include "cpp_server/kserve/infer_json.h"

#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "cpp_server/advice/words.h"
#include "cpp_server/json/json_document.h"
#include "cpp_server/json/json_text.h"
#include "cpp_server/json/tensor_json.h"
#include "cpp_server/kserve/data_types.h"
#include "cpp_server/kserve/raw_tensor.h"
#include "cpp_server/utf8/utf8.h"

namespace trilho {
namespace {

// Returns null if there is none. A member that is null is none: clients write so what they do not set.
const JsonValue* Member(const JsonValue& object, const char* name) {
  const auto found = object.FindMember(name);
  return found == object.MemberEnd() || found->value.IsNull() ? nullptr : &found->value;
}

absl::Status WrongType(absl::string_view what, absl::string_view wanted, const JsonValue& found) {
  return absl::InvalidArgumentError(
      absl::StrCat(what, " must be ", wanted, ", not ", JsonTypeName(found), ": ", JsonDebugString(found)));
}

// Leaves `text` alone if there is no member of that name.
absl::Status ReadString(const JsonValue& object, const char* name, std::string* text) {
  const JsonValue* const value = Member(object, name);
  if (value == nullptr) return absl::OkStatus();
  if (!value->IsString()) return WrongType(absl::StrCat("\"", name, "\""), "a string", *value);
  text->assign(value->GetString(), value->GetStringLength());
  return absl::OkStatus();
}

// A member of "parameters", null if there is none of them.
absl::StatusOr<const JsonValue*> Parameter(const JsonValue& object, const char* name) {
  const JsonValue* const parameters = Member(object, "parameters");
  if (parameters == nullptr) return nullptr;
  if (!parameters->IsObject()) return WrongType("\"parameters\"", "an object", *parameters);
  return Member(*parameters, name);
}

// Absent if there is none.
absl::StatusOr<absl::optional<bool>> BoolParameter(const JsonValue& object, const char* name) {
  const auto value = Parameter(object, name);
  if (!value.ok()) return value.status();
  if (*value == nullptr) return absl::optional<bool>();
  if (!(*value)->IsBool()) return WrongType(absl::StrCat("parameter \"", name, "\""), "true or false", **value);
  return absl::make_optional((*value)->GetBool());
}

absl::StatusOr<std::vector<int64_t>> ReadShape(const JsonValue& input) {
  const JsonValue* const shape = Member(input, "shape");
  if (shape == nullptr) return absl::InvalidArgumentError("\"shape\" is missing");
  if (!shape->IsArray()) return WrongType("\"shape\"", "a list of sizes", *shape);
  std::vector<int64_t> dims;
  for (const JsonValue& dim : shape->GetArray()) {
    if (!dim.IsInt64()) return WrongType("a size in \"shape\"", "an integer", dim);
    dims.push_back(dim.GetInt64());
  }
  return dims;
}

// All numbers and strings of lists in lists, of whatever sizes.
absl::Status AppendFlat(const JsonValue& value, size_t element_level, TensorFiller* filler, int64_t* left) {
  if (value.IsArray()) {
    for (const JsonValue& part : value.GetArray()) {
      absl::Status appended = AppendFlat(part, element_level, filler, left);
      if (!appended.ok()) return appended;
    }
    return absl::OkStatus();
  }
  if (--*left < 0) return absl::InvalidArgumentError("\"data\" has more values than \"shape\" says");
  return filler->Append(value, element_level);
}

absl::StatusOr<Tensor> ReadData(TF_DataType type, const std::vector<int64_t>& dims, const JsonValue& data,
                                size_t max_elements) {
  if (!data.IsArray()) return WrongType("\"data\"", "a list", data);
  const auto count = Tensor::CountElements(dims);
  if (!count.ok()) return count.status();
  int64_t left = *count;
  // Else memory for a shape that the text cannot fill.
  if (static_cast<uint64_t>(left) > max_elements) {
    return absl::InvalidArgumentError(
        absl::StrCat("\"data\" has fewer values than shape ", ShapeString(dims), " needs, ", left));
  }
  auto filler = TensorFiller::Create(type, dims, data, max_elements);
  if (!filler.ok()) return filler.status();
  const absl::Status appended = AppendFlat(data, dims.size(), &*filler, &left);
  if (!appended.ok()) return appended;
  if (left > 0) {
    return absl::InvalidArgumentError(absl::StrCat("\"data\" has ", Counted(*count - left, "value"), ", shape ",
                                                   ShapeString(dims), " needs ", *count));
  }
  return std::move(*filler).Release();
}

// Takes what belongs to the input off `binary`.
absl::StatusOr<Tensor> ReadInput(const JsonValue& input, size_t max_elements, absl::string_view* binary) {
  std::string datatype;
  const absl::Status named = ReadString(input, "datatype", &datatype);
  if (!named.ok()) return named;
  const auto type = KServeType(datatype);
  if (!type.ok()) return type.status();
  const auto dims = ReadShape(input);
  if (!dims.ok()) return dims.status();
  const auto size = Parameter(input, "binary_data_size");
  if (!size.ok()) return size.status();
  const JsonValue* const data = Member(input, "data");
  if (*size == nullptr) {
    if (data == nullptr) {
      return absl::InvalidArgumentError("there is neither \"data\" nor the parameter \"binary_data_size\"");
    }
    return ReadData(*type, *dims, *data, max_elements);
  }
  if (data != nullptr) {
    return absl::InvalidArgumentError("there are both \"data\" and the parameter \"binary_data_size\"");
  }
  if (!(*size)->IsUint64()) return WrongType("parameter \"binary_data_size\"", "a number of bytes", **size);
  if ((*size)->GetUint64() > binary->size()) {
    return absl::InvalidArgumentError(absl::StrCat("binary_data_size is ", (*size)->GetUint64(), ", but ",
                                                   Counted(binary->size(), "byte is", "bytes are"),
                                                   " left behind the JSON"));
  }
  const absl::string_view bytes = binary->substr(0, (*size)->GetUint64());
  binary->remove_prefix(bytes.size());
  return ReadRawTensor(*type, *dims, bytes);
}

absl::Status ReadInputs(const JsonValue& body, size_t max_elements, absl::string_view binary, InferRequest* request) {
  const JsonValue* const inputs = Member(body, "inputs");
  if (inputs == nullptr) return absl::InvalidArgumentError("\"inputs\" is missing");
  if (!inputs->IsArray()) return WrongType("\"inputs\"", "a list", *inputs);
  for (const JsonValue& input : inputs->GetArray()) {
    if (!input.IsObject()) return WrongType("an input", "an object", input);
    std::string name;
    absl::Status named = ReadString(input, "name", &name);
    if (!named.ok()) return named;
    auto tensor = ReadInput(input, max_elements, &binary);
    if (!tensor.ok()) {
      return absl::Status(tensor.status().code(), absl::StrCat("input \"", name, "\": ", tensor.status().message()));
    }
    request->inputs.push_back({std::move(name), *std::move(tensor)});
  }
  if (binary.empty()) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrCat(Counted(binary.size(), "byte behind the JSON belongs", "bytes behind the JSON belong"),
                   " to no input; see \"binary_data_size\""));
}

absl::Status ReadOutputs(const JsonValue& body, JsonInferRequest* asked) {
  const auto all = BoolParameter(body, "binary_data_output");
  if (!all.ok()) return all.status();
  asked->all_binary = all->value_or(false);
  const JsonValue* const outputs = Member(body, "outputs");
  if (outputs == nullptr) return absl::OkStatus();
  if (!outputs->IsArray()) return WrongType("\"outputs\"", "a list", *outputs);
  for (const JsonValue& output : outputs->GetArray()) {
    if (!output.IsObject()) return WrongType("an output", "an object", output);
    std::string name;
    absl::Status named = ReadString(output, "name", &name);
    if (!named.ok()) return named;
    const auto binary = BoolParameter(output, "binary_data");
    if (!binary.ok()) return binary.status();
    if (*binary) (**binary ? asked->binary : asked->not_binary).insert(name);
    asked->request.outputs.push_back(std::move(name));
  }
  return absl::OkStatus();
}

absl::Status AppendOutput(const KServeTensor& output, bool as_bytes, InferBody* body, std::string* binary) {
  std::string& json = body->bytes;
  json += "{\"name\":";
  AppendQuoted(output.name, &json);
  absl::StrAppend(&json, ",\"datatype\":\"", KServeTypeName(output.tensor.type()),
                  "\",\"shape\":", ShapeString(output.tensor.dims()));
  if (as_bytes) {
    const auto bytes = WriteRawTensor(output.tensor);
    if (!bytes.ok()) return bytes.status();
    absl::StrAppend(&json, ",\"parameters\":{\"binary_data_size\":", bytes->size(), "}}");
    *binary += *bytes;
    body->has_binary = true;
    return absl::OkStatus();
  }
  json += ",\"data\":[";
  for (int64_t i = 0; i < output.tensor.num_elements(); ++i) {
    if (i > 0) json += ',';
    absl::Status appended = AppendTensorJson(output.tensor, output.tensor.rank(), i, /*bytes=*/false, &json);
    if (!appended.ok()) return appended;
  }
  json += "]}";
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<JsonInferRequest> ReadInferJson(absl::string_view json, absl::string_view binary) {
  JsonDocument document;
  const absl::Status parsed = ParseJsonObject(json, &document);
  if (!parsed.ok()) return parsed;
  JsonInferRequest asked;
  absl::Status status = ReadString(document, "id", &asked.id);
  if (status.ok()) status = ReadOutputs(document, &asked);
  if (!status.ok()) return status;
  const auto signature = Parameter(document, kSignatureParameter);
  if (!signature.ok()) return signature.status();
  if (*signature != nullptr) {
    if (!(*signature)->IsString()) return WrongType("parameter \"signature_name\"", "a string", **signature);
    asked.request.signature_name.assign((*signature)->GetString(), (*signature)->GetStringLength());
  }
  status = ReadInputs(document, json.size(), binary, &asked.request);
  if (!status.ok()) return status;
  return asked;
}

absl::StatusOr<InferBody> WriteInferJson(const std::string& model, const JsonInferRequest& asked,
                                         const InferResult& result) {
  InferBody body;
  std::string binary;
  body.bytes = "{\"model_name\":";
  AppendQuoted(model, &body.bytes);
  absl::StrAppend(&body.bytes, ",\"model_version\":\"", result.version, "\"");
  if (!asked.id.empty()) {
    body.bytes += ",\"id\":";
    AppendQuoted(ValidUtf8(asked.id), &body.bytes);
  }
  body.bytes += ",\"outputs\":[";
  for (size_t i = 0; i < result.outputs.size(); ++i) {
    if (i > 0) body.bytes += ',';
    const KServeTensor& output = result.outputs[i];
    const absl::Status appended = AppendOutput(output, asked.IsBinary(output.name), &body, &binary);
    if (!appended.ok()) return appended;
  }
  body.bytes += "]}";
  body.json_size = body.bytes.size();
  body.bytes += binary;
  return body;
}

}  // namespace trilho

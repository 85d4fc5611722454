#include "cpp_server/status_page/signature_schema.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/types/span.h"
#include "cpp_server/tensorflow/data_type.h"
#include "cpp_server/tensorflow/tensor.h"

namespace trilho {
namespace {

JsonValue Number(const JsonBuilder& builder, const char* type, const char* format) {
  JsonValue schema = builder.Type(type);
  if (format != nullptr) builder.Put(&schema, "format", absl::string_view(format));
  return schema;
}

JsonValue Unsigned(const JsonBuilder& builder) {
  JsonValue schema = builder.Type("integer");
  builder.Put(&schema, "minimum", JsonValue(0));
  return schema;
}

// Of one element; of anything for a type that JSON has no values for.
JsonValue ElementSchema(const JsonBuilder& builder, TF_DataType type) {
  switch (type) {
    case TF_BOOL:
      return builder.Type("boolean");
    case TF_STRING: {
      JsonValue forms = JsonBuilder::List();
      builder.Add(&forms, builder.Type("string"));
      builder.Add(&forms, builder.Reference("Bytes"));
      return builder.Single("anyOf", std::move(forms));
    }
    case TF_FLOAT:
      return Number(builder, "number", "float");
    case TF_DOUBLE:
      return Number(builder, "number", "double");
    case TF_HALF:
    case TF_BFLOAT16:
      return builder.Type("number");
    case TF_INT64:
      return Number(builder, "integer", "int64");
    case TF_INT32:
      return Number(builder, "integer", "int32");
    case TF_INT8:
    case TF_INT16:
      return builder.Type("integer");
    case TF_UINT8:
    case TF_UINT16:
    case TF_UINT32:
    case TF_UINT64:
      return Unsigned(builder);
    default:
      return JsonBuilder::Object();
  }
}

// Lists in lists; of anything where the rank is unknown. `dims` are those of the tensor, or of a row of it.
JsonValue ValueSchema(const JsonBuilder& builder, const TensorInfo& info, absl::Span<const int64_t> dims) {
  std::string what = DataTypeName(info.type);
  JsonValue schema = JsonBuilder::Object();
  if (info.shape) {
    schema = ElementSchema(builder, info.type);
    for (auto dim = dims.rbegin(); dim != dims.rend(); ++dim) {
      JsonValue list = builder.Type("array");
      builder.Put(&list, "items", std::move(schema));
      if (*dim >= 0) {
        builder.Put(&list, "minItems", JsonValue(*dim));
        builder.Put(&list, "maxItems", JsonValue(*dim));
      }
      schema = std::move(list);
    }
    absl::StrAppend(&what, " ", ShapeString(dims));
  }
  builder.Put(&schema, "description", absl::string_view(what));
  return schema;
}

// Of the tensor as a whole, or of what it has for one example.
enum class Part { kTensor, kRow };

JsonValue ValueSchema(const JsonBuilder& builder, const TensorInfo& info, Part part) {
  absl::Span<const int64_t> dims;
  if (info.shape) dims = *info.shape;
  if (part == Part::kRow && !dims.empty()) dims.remove_prefix(1);
  return ValueSchema(builder, info, dims);
}

// An object by alias; an input that has a default may be left out.
JsonValue ByAlias(const JsonBuilder& builder, const std::vector<TensorInfo>& tensors, Part part) {
  JsonValue properties = JsonBuilder::Object(), required = JsonBuilder::List();
  for (const TensorInfo& info : tensors) {
    builder.Put(&properties, info.alias, ValueSchema(builder, info, part));
    if (!info.default_value) builder.Add(&required, builder.Text(info.alias));
  }
  JsonValue schema = builder.Type("object");
  builder.Put(&schema, "properties", std::move(properties));
  // OpenAPI 3.0 wants one name at least.
  if (!required.Empty()) builder.Put(&schema, "required", std::move(required));
  return schema;
}

// One input may come without its alias.
JsonValue Inputs(const JsonBuilder& builder, const std::vector<TensorInfo>& inputs, Part part) {
  if (inputs.size() != 1) return ByAlias(builder, inputs, part);
  JsonValue forms = JsonBuilder::List();
  builder.Add(&forms, ValueSchema(builder, inputs.front(), part));
  builder.Add(&forms, ByAlias(builder, inputs, part));
  return builder.Single("anyOf", std::move(forms));
}

// One output always does.
JsonValue Outputs(const JsonBuilder& builder, const std::vector<TensorInfo>& outputs, Part part) {
  return outputs.size() == 1 ? ValueSchema(builder, outputs.front(), part) : ByAlias(builder, outputs, part);
}

JsonValue ListOf(const JsonBuilder& builder, JsonValue schema) {
  JsonValue list = builder.Type("array");
  builder.Put(&list, "items", std::move(schema));
  return list;
}

// Whether a list of examples makes each of these tensors.
bool HaveRows(const std::vector<TensorInfo>& tensors) {
  return !tensors.empty() && std::all_of(tensors.begin(), tensors.end(),
                                         [](const TensorInfo& info) { return !info.shape || !info.shape->empty(); });
}

// The object has exactly one of these names.
JsonValue OneOf(const JsonBuilder& builder, const std::vector<const char*>& names) {
  JsonValue choices = JsonBuilder::List();
  for (const char* const name : names) {
    JsonValue required = JsonBuilder::List();
    builder.Add(&required, builder.Text(name));
    builder.Add(&choices, builder.Single("required", std::move(required)));
  }
  return choices;
}

// Adds "signature_name", which may be left out for the default one.
void PutName(const JsonBuilder& builder, const Signature& signature, JsonValue* properties, JsonValue* schema) {
  JsonValue names = JsonBuilder::List();
  builder.Add(&names, builder.Text(signature.name));
  JsonValue name = builder.Type("string");
  builder.Put(&name, "enum", std::move(names));
  builder.Put(properties, "signature_name", std::move(name));
  if (signature.name == kDefaultSignature) return;
  JsonValue required = JsonBuilder::List();
  builder.Add(&required, builder.Text("signature_name"));
  builder.Put(schema, "required", std::move(required));
}

// Rows or columns.
JsonValue PredictSchema(const JsonBuilder& builder, JsonValue properties, const char* columns, JsonValue column_schema,
                        const char* rows, JsonValue row_schema) {
  std::vector<const char*> forms = {columns};
  builder.Put(&properties, columns, std::move(column_schema));
  if (!row_schema.IsNull()) {
    forms.push_back(rows);
    builder.Put(&properties, rows, std::move(row_schema));
  }
  JsonValue schema = builder.Type("object");
  builder.Put(&schema, "properties", std::move(properties));
  builder.Put(&schema, "oneOf", OneOf(builder, forms));
  return schema;
}

}  // namespace

std::string VerbOf(const Signature& signature) {
  const size_t slash = signature.method_name.rfind('/');
  const std::string method = slash == std::string::npos ? "" : signature.method_name.substr(slash + 1);
  return method == "classify" || method == "regress" ? method : "predict";
}

JsonValue RequestSchema(const JsonBuilder& builder, const Signature& signature) {
  JsonValue properties = JsonBuilder::Object();
  if (VerbOf(signature) == "predict") {
    JsonValue rows;
    if (HaveRows(signature.inputs)) rows = ListOf(builder, Inputs(builder, signature.inputs, Part::kRow));
    JsonValue named = JsonBuilder::Object();
    PutName(builder, signature, &properties, &named);
    JsonValue schema = PredictSchema(builder, std::move(properties), "inputs",
                                     Inputs(builder, signature.inputs, Part::kTensor), "instances", std::move(rows));
    if (named.HasMember("required")) builder.Put(&schema, "required", std::move(named["required"]));
    return schema;
  }
  JsonValue named = builder.Type("object");
  PutName(builder, signature, &properties, &named);
  builder.Put(&named, "properties", std::move(properties));
  JsonValue parts = JsonBuilder::List();
  builder.Add(&parts, builder.Reference("ExamplesRequest"));
  builder.Add(&parts, std::move(named));
  return builder.Single("allOf", std::move(parts));
}

JsonValue ResponseSchema(const JsonBuilder& builder, const Signature& signature) {
  const std::string verb = VerbOf(signature);
  if (verb == "classify") return builder.Reference("ClassifyResponse");
  if (verb == "regress") return builder.Reference("RegressResponse");
  JsonValue rows;
  if (HaveRows(signature.inputs) && HaveRows(signature.outputs)) {
    rows = ListOf(builder, Outputs(builder, signature.outputs, Part::kRow));
  }
  return PredictSchema(builder, JsonBuilder::Object(), "outputs", Outputs(builder, signature.outputs, Part::kTensor),
                       "predictions", std::move(rows));
}

}  // namespace trilho

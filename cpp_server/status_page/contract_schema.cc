#include "cpp_server/status_page/contract_schema.h"

#include <algorithm>
#include <string>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "cpp_server/contracts/contract_example.h"
#include "cpp_server/contracts/contract_rest.h"
#include "google/protobuf/descriptor.h"
#include "trilho/contract.pb.h"

namespace trilho {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::EnumDescriptor;
using google::protobuf::FieldDescriptor;
using google::protobuf::FieldOptions;
using google::protobuf::SourceLocation;

// What stands before an element in the .proto; empty without source info.
template <typename Element>
std::string CommentOf(const Element& element) {
  SourceLocation location;
  if (!element.GetSourceLocation(&location)) return "";
  const std::string& comment =
      location.leading_comments.empty() ? location.trailing_comments : location.leading_comments;
  return std::string(absl::StripAsciiWhitespace(absl::StrReplaceAll(comment, {{"\n ", "\n"}})));
}

JsonValue Formatted(const JsonBuilder& builder, const char* type, const char* format) {
  JsonValue schema = builder.Type(type);
  builder.Put(&schema, "format", absl::string_view(format));
  return schema;
}

// proto3's JSON writes NaN and infinities as strings, and takes numbers as strings.
JsonValue FloatSchema(const JsonBuilder& builder, const char* format) {
  JsonValue names = JsonBuilder::List();
  for (const char* const name : {"NaN", "Infinity", "-Infinity"}) builder.Add(&names, builder.Text(name));
  JsonValue special = builder.Type("string");
  builder.Put(&special, "enum", std::move(names));
  JsonValue forms = JsonBuilder::List();
  builder.Add(&forms, Formatted(builder, "number", format));
  builder.Add(&forms, std::move(special));
  return builder.Single("anyOf", std::move(forms));
}

JsonValue EnumSchema(const JsonBuilder& builder, const EnumDescriptor& type) {
  JsonValue names = JsonBuilder::List();
  for (int i = 0; i < type.value_count(); ++i) builder.Add(&names, builder.Text(type.value(i)->name()));
  JsonValue schema = builder.Type("string");
  builder.Put(&schema, "enum", std::move(names));
  return schema;
}

JsonValue TextSchema(const JsonBuilder& builder, const contract::Tensor& tensor) {
  JsonValue schema = builder.Type("string");
  if (tensor.vocabulary_size() == 0) return schema;
  JsonValue words = JsonBuilder::List();
  for (const std::string& word : tensor.vocabulary()) builder.Add(&words, builder.Text(word));
  builder.Put(&schema, "enum", std::move(words));
  return schema;
}

void PutLimits(const JsonBuilder& builder, const contract::Tensor& tensor, JsonValue* schema) {
  if (tensor.has_minimum()) builder.Put(schema, "minimum", JsonValue(tensor.minimum()));
  if (tensor.has_maximum()) builder.Put(schema, "maximum", JsonValue(tensor.maximum()));
}

JsonValue NumberSchema(const JsonBuilder& builder, const FieldDescriptor& field, const contract::Tensor& tensor) {
  const bool is_float = field.cpp_type() == FieldDescriptor::CPPTYPE_FLOAT;
  const bool is_limited = tensor.has_minimum() || tensor.has_maximum() || tensor.finite();
  if (is_float || field.cpp_type() == FieldDescriptor::CPPTYPE_DOUBLE) {
    const char* const format = is_float ? "float" : "double";
    if (!is_limited) return FloatSchema(builder, format);
    JsonValue schema = Formatted(builder, "number", format);
    PutLimits(builder, tensor, &schema);
    return schema;
  }
  JsonValue schema = JsonBuilder::Object();
  switch (field.cpp_type()) {
    case FieldDescriptor::CPPTYPE_INT32:
      schema = Formatted(builder, "integer", "int32");
      break;
    case FieldDescriptor::CPPTYPE_UINT32:
      schema = builder.Type("integer");
      if (!tensor.has_minimum()) builder.Put(&schema, "minimum", JsonValue(0));
      break;
    default:
      // Of 64 bits: more than JSON's readers hold as a number.
      return Formatted(builder, "string", field.cpp_type() == FieldDescriptor::CPPTYPE_INT64 ? "int64" : "uint64");
  }
  PutLimits(builder, tensor, &schema);
  return schema;
}

// Whether a request without the field is refused: what is not set is zero or empty, unless it is optional.
// An answer has all fields.
bool IsRequired(const FieldDescriptor& field) {
  const FieldOptions& options = field.options();
  if (field.cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE) {
    if (field.is_repeated()) return options.GetExtension(contract::batch);
    const Descriptor& type = *field.message_type();
    for (int i = 0; i < type.field_count(); ++i) {
      if (IsRequired(*type.field(i))) return true;
    }
    return false;
  }
  const contract::Tensor& tensor = options.GetExtension(contract::tensor);
  if (!field.is_repeated() && field.has_presence()) return tensor.default_case() == contract::Tensor::DEFAULT_NOT_SET;
  const bool of_bytes = field.type() == FieldDescriptor::TYPE_BYTES && tensor.dtype() == contract::UINT8;
  if (field.is_repeated() || of_bytes) {
    return tensor.shape_size() > 0 && std::count(tensor.shape().begin(), tensor.shape().end(), 0) == 0;
  }
  const auto& words = tensor.vocabulary();
  return (tensor.has_minimum() && tensor.minimum() > 0) || (tensor.has_maximum() && tensor.maximum() < 0) ||
         (!words.empty() && std::find(words.begin(), words.end(), "") == words.end());
}

class Schemas {
 public:
  Schemas(const JsonBuilder& builder, JsonValue* schemas) : builder_(builder), schemas_(*schemas) {}

  // A reference to the schema of a message.
  JsonValue Of(const Descriptor& type) {
    if (!schemas_.HasMember(type.full_name().c_str())) {
      // Before its fields, which may be of the same type.
      builder_.Put(&schemas_, type.full_name(), builder_.Type("object"));
      JsonValue made = Message(type);
      schemas_[type.full_name().c_str()] = std::move(made);
    }
    return builder_.Reference(type.full_name());
  }

 private:
  JsonValue Message(const Descriptor& type) {
    JsonValue properties = JsonBuilder::Object();
    JsonValue required = JsonBuilder::List();
    for (int i = 0; i < type.field_count(); ++i) {
      const FieldDescriptor& field = *type.field(i);
      builder_.Put(&properties, field.json_name(), Field(field));
      if (IsRequired(field)) builder_.Add(&required, builder_.Text(field.json_name()));
    }
    JsonValue schema = builder_.Type("object");
    const std::string comment = CommentOf(type);
    if (!comment.empty()) builder_.Put(&schema, "description", absl::string_view(comment));
    builder_.Put(&schema, "properties", std::move(properties));
    // An empty list is no list of OpenAPI 3.0.
    if (!required.Empty()) builder_.Put(&schema, "required", std::move(required));
    return schema;
  }

  JsonValue Field(const FieldDescriptor& field) {
    const contract::Tensor& tensor = field.options().GetExtension(contract::tensor);
    JsonValue schema = Value(field, tensor);
    const std::string comment = CommentOf(field);
    if (field.is_repeated()) {
      JsonValue list = builder_.Type("array");
      builder_.Put(&list, "items", std::move(schema));
      if (tensor.shape_size() > 0) {
        int64_t count = 1;
        for (const int64_t dim : tensor.shape()) count *= dim;
        builder_.Put(&list, "minItems", JsonValue(count));
        builder_.Put(&list, "maxItems", JsonValue(count));
      } else if (field.options().GetExtension(contract::batch)) {
        builder_.Put(&list, "minItems", JsonValue(1));
      }
      schema = std::move(list);
    }
    // Beside a reference nothing else counts.
    if (!comment.empty() && !schema.HasMember("$ref")) {
      builder_.Put(&schema, "description", absl::string_view(comment));
    }
    return schema;
  }

  JsonValue Value(const FieldDescriptor& field, const contract::Tensor& tensor) {
    switch (field.cpp_type()) {
      case FieldDescriptor::CPPTYPE_BOOL:
        return builder_.Type("boolean");
      case FieldDescriptor::CPPTYPE_ENUM:
        return EnumSchema(builder_, *field.enum_type());
      case FieldDescriptor::CPPTYPE_STRING:
        return field.type() == FieldDescriptor::TYPE_BYTES ? Formatted(builder_, "string", "byte")
                                                           : TextSchema(builder_, tensor);
      case FieldDescriptor::CPPTYPE_MESSAGE:
        return Of(*field.message_type());
      default:
        return NumberSchema(builder_, field, tensor);
    }
  }

  const JsonBuilder builder_;
  JsonValue& schemas_;
};

JsonValue Content(const JsonBuilder& builder, JsonValue media) {
  return builder.Single("content", builder.Single("application/json", std::move(media)));
}

}  // namespace

void DescribeContract(const JsonBuilder& builder, const ContractMethod& method, JsonValue* paths, JsonValue* schemas) {
  Schemas made(builder, schemas);
  JsonValue request = builder.Single("schema", made.Of(*method.descriptor->input_type()));
  const auto text = ExampleRequest(method);
  if (text.ok()) {
    JsonDocument example;
    example.Parse(text->data(), text->size());
    builder.Put(&request, "example", builder.Copy(example));
  }
  JsonValue body = Content(builder, std::move(request));
  if (!text.ok()) builder.Put(&body, "description", absl::string_view(text.status().message()));
  builder.Put(&body, "required", JsonValue(true));
  JsonValue ok = Content(builder, builder.Single("schema", made.Of(*method.descriptor->output_type())));
  builder.Put(&ok, "description", absl::string_view("OK"));
  JsonValue answers = builder.Single("200", std::move(ok));
  builder.Put(&answers, "default", builder.Single("$ref", builder.Text("#/components/responses/Error")));
  JsonValue tags = JsonBuilder::List();
  builder.Add(&tags, builder.Text(method.model));
  JsonValue post = JsonBuilder::Object();
  builder.Put(&post, "summary", absl::StrCat(method.name, " of ", method.service, ", by the model ", method.model));
  const std::string comment = CommentOf(*method.descriptor);
  if (!comment.empty()) builder.Put(&post, "description", absl::string_view(comment));
  builder.Put(&post, "tags", std::move(tags));
  builder.Put(&post, "requestBody", std::move(body));
  builder.Put(&post, "responses", std::move(answers));
  builder.Put(paths, ContractRest::PathOf(method), builder.Single("post", std::move(post)));
}

}  // namespace trilho

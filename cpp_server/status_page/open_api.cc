#include "cpp_server/status_page/open_api.h"

#include <map>
#include <set>
#include <utility>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "cpp_server/config/version.h"
#include "cpp_server/json/json_document.h"
#include "cpp_server/status_page/embedded.h"
#include "cpp_server/tensorflow/data_type.h"
#include "cpp_server/tensorflow/saved_model.h"
#include "rapidjson/stringbuffer.h"
#include "rapidjson/writer.h"

namespace trilho {
namespace {

using Allocator = rapidjson::Document::AllocatorType;
using Object = rapidjson::Value;

// Builds values of one document.
class Builder {
 public:
  explicit Builder(Allocator* allocator) : allocator_(*allocator) {}

  Object Text(const std::string& text) const {
    return Object(text.data(), static_cast<rapidjson::SizeType>(text.size()), allocator_);
  }
  static Object New() { return Object(rapidjson::kObjectType); }
  static Object List() { return Object(rapidjson::kArrayType); }

  void Put(Object* object, const std::string& key, Object value) const {
    object->AddMember(Text(key), std::move(value), allocator_);
  }
  void Put(Object* object, const std::string& key, const std::string& text) const { Put(object, key, Text(text)); }
  void Add(Object* list, Object value) const { list->PushBack(std::move(value), allocator_); }

  Object Type(const char* type) const {
    Object schema = New();
    Put(&schema, "type", std::string(type));
    return schema;
  }
  Object Reference(const std::string& schema) const {
    Object reference = New();
    Put(&reference, "$ref", absl::StrCat("#/components/schemas/", schema));
    return reference;
  }
  Object JsonContent(Object schema) const {
    Object json = New(), content = New(), body = New();
    Put(&json, "schema", std::move(schema));
    Put(&content, "application/json", std::move(json));
    Put(&body, "content", std::move(content));
    return body;
  }

 private:
  Allocator& allocator_;
};

// Of the elements of a tensor, as TF Serving's REST API has them.
Object ElementSchema(const Builder& builder, TF_DataType type) {
  switch (type) {
    case TF_BOOL:
      return builder.Type("boolean");
    case TF_STRING:
      // Or {"b64": "..."}.
      return Builder::New();
    case TF_FLOAT:
    case TF_DOUBLE:
    case TF_HALF:
    case TF_BFLOAT16:
      return builder.Type("number");
    default:
      return builder.Type("integer");
  }
}

// Lists in lists; of anything where the rank is unknown.
Object TensorSchema(const Builder& builder, const TensorInfo& info) {
  std::string what = DataTypeName(info.type);
  Object schema = Builder::New();
  if (info.shape) {
    schema = ElementSchema(builder, info.type);
    for (auto dim = info.shape->rbegin(); dim != info.shape->rend(); ++dim) {
      Object list = builder.Type("array");
      builder.Put(&list, "items", std::move(schema));
      if (*dim >= 0) {
        builder.Put(&list, "minItems", Object(*dim));
        builder.Put(&list, "maxItems", Object(*dim));
      }
      schema = std::move(list);
    }
    absl::StrAppend(&what, " ", ShapeString(*info.shape));
  }
  builder.Put(&schema, "description", what);
  return schema;
}

// One tensor as it is, several as an object by alias.
Object ColumnsSchema(const Builder& builder, const std::vector<TensorInfo>& tensors) {
  if (tensors.size() == 1 && tensors.front().shape) return TensorSchema(builder, tensors.front());
  Object properties = Builder::New();
  for (const TensorInfo& info : tensors) builder.Put(&properties, info.alias, TensorSchema(builder, info));
  Object schema = builder.Type("object");
  builder.Put(&schema, "properties", std::move(properties));
  return schema;
}

Object ObjectWith(const Builder& builder, const char* name, Object schema) {
  Object properties = Builder::New();
  builder.Put(&properties, name, std::move(schema));
  Object object = builder.Type("object");
  builder.Put(&object, "properties", std::move(properties));
  Object required = Builder::List();
  builder.Add(&required, builder.Text(name));
  builder.Put(&object, "required", std::move(required));
  return object;
}

Object PredictRequest(const Builder& builder, const Signature& signature) {
  Object schema = ObjectWith(builder, "inputs", ColumnsSchema(builder, signature.inputs));
  Object name = builder.Type("string");
  Object names = Builder::List();
  builder.Add(&names, builder.Text(signature.name));
  builder.Put(&name, "enum", std::move(names));
  builder.Put(&schema["properties"], "signature_name", std::move(name));
  if (signature.name != kDefaultSignature) builder.Add(&schema["required"], builder.Text("signature_name"));
  return schema;
}

std::string VerbOf(const Signature& signature) {
  const size_t slash = signature.method_name.rfind('/');
  const std::string method = slash == std::string::npos ? "" : signature.method_name.substr(slash + 1);
  return method == "classify" || method == "regress" ? method : "predict";
}

// Names of schemas have a few characters only.
std::string SchemaName(const std::string& model, const std::string& signature, const char* what) {
  std::string name = absl::StrCat(model, ".", signature, ".", what);
  for (char& c : name) {
    if (!absl::ascii_isalnum(c) && c != '.' && c != '-' && c != '_') c = '_';
  }
  return name;
}

Object Operation(const Builder& builder, const std::string& model, const std::string& verb, Object requests,
                 Object responses) {
  Object request = Builder::New(), response = Builder::New();
  builder.Put(&request, "oneOf", std::move(requests));
  builder.Put(&response, "oneOf", std::move(responses));
  Object ok = builder.JsonContent(std::move(response));
  builder.Put(&ok, "description", std::string("OK"));
  Object failed = Builder::New();
  builder.Put(&failed, "$ref", std::string("#/components/responses/Error"));
  Object answers = Builder::New();
  builder.Put(&answers, "200", std::move(ok));
  builder.Put(&answers, "default", std::move(failed));
  Object body = builder.JsonContent(std::move(request));
  builder.Put(&body, "required", Object(true));
  Object post = Builder::New();
  builder.Put(&post, "summary", absl::StrCat(verb, " by the latest version of ", model));
  builder.Put(&post, "requestBody", std::move(body));
  builder.Put(&post, "responses", std::move(answers));
  Object path = Builder::New();
  builder.Put(&path, "post", std::move(post));
  return path;
}

void AddModel(const Builder& builder, const std::string& model, const Signatures& signatures, Object* paths,
              Object* schemas) {
  // By verb: the schemas of requests and of responses.
  std::map<std::string, std::pair<Object, Object>> verbs;
  for (const auto& entry : signatures.by_name) {
    const Signature& signature = entry.second;
    const std::string verb = VerbOf(signature);
    auto& bodies = verbs.try_emplace(verb, Builder::List(), Builder::List()).first->second;
    const std::string request = SchemaName(model, signature.name, "request");
    const std::string response = SchemaName(model, signature.name, "response");
    if (schemas->HasMember(request.c_str())) continue;
    const bool predicts = verb == "predict";
    builder.Put(schemas, request, predicts ? PredictRequest(builder, signature) : builder.Reference("ExamplesRequest"));
    builder.Put(schemas, response,
                predicts ? ObjectWith(builder, "outputs", ColumnsSchema(builder, signature.outputs))
                         : builder.Reference("ExamplesResponse"));
    builder.Add(&bodies.first, builder.Reference(request));
    builder.Add(&bodies.second, builder.Reference(response));
  }
  for (auto& verb : verbs) {
    builder.Put(paths, absl::StrCat("/v1/models/", model, ":", verb.first),
                Operation(builder, model, verb.first, std::move(verb.second.first), std::move(verb.second.second)));
  }
}

}  // namespace

std::string OpenApiDocument(const Manager& manager) {
  rapidjson::Document document;
  document.Parse(kOpenApi);
  const Builder builder(&document.GetAllocator());
  builder.Put(&document["info"], "version", std::string(kVersion));
  for (const auto& model : manager.GetAllStates()) {
    const auto handle = manager.GetServableHandle<SavedModel>({model.first, absl::nullopt});
    if (!handle.ok()) continue;
    AddModel(builder, model.first, (*handle)->signatures(), &document["paths"], &document["components"]["schemas"]);
  }
  rapidjson::StringBuffer buffer;
  rapidjson::Writer<rapidjson::StringBuffer> writer(buffer);
  document.Accept(writer);
  return {buffer.GetString(), buffer.GetSize()};
}

}  // namespace trilho

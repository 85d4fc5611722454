#include "cpp_server/status_page/open_api.h"

#include <map>
#include <utility>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "cpp_server/config/version.h"
#include "cpp_server/json/json_memory.h"
#include "cpp_server/status_page/contract_schema.h"
#include "cpp_server/status_page/embedded.h"
#include "cpp_server/status_page/json_builder.h"
#include "cpp_server/status_page/signature_schema.h"
#include "cpp_server/tensorflow/saved_model.h"

namespace trilho {
namespace {

constexpr char kManagement[] = "/v1/management/";
constexpr char kOtherPort[] =
    " This port, that of --management_port, has no routes below /v1/models/, /v1/contracts and /v2: they are on that "
    "of "
    "--rest_api_port, which in turn has none below /v1/management/.";

// As a segment of a path, in which "{" would begin a parameter.
std::string PercentEncoded(absl::string_view text) {
  std::string encoded;
  for (const char c : text) {
    if (absl::ascii_isalnum(c) || absl::StrContains("-._~", absl::string_view(&c, 1))) {
      encoded.push_back(c);
    } else {
      absl::StrAppend(&encoded, "%", absl::Hex(static_cast<unsigned char>(c), absl::kZeroPad2));
    }
  }
  return encoded;
}

// Names of schemas have a few characters only.
std::string SchemaName(absl::string_view name) {
  std::string made(name);
  for (char& c : made) {
    if (!absl::ascii_isalnum(c) && c != '.' && c != '-' && c != '_') c = '_';
  }
  return made;
}

JsonValue JsonContent(const JsonBuilder& builder, JsonValue schema) {
  return builder.Single("content", builder.Single("application/json", builder.Single("schema", std::move(schema))));
}

// Any of `schemas`, each of which may be a reference. Not one of them: the answers of two signatures may look the same.
JsonValue AnyOf(const JsonBuilder& builder, const std::vector<std::string>& schemas) {
  if (schemas.size() == 1) return builder.Reference(schemas.front());
  JsonValue all = JsonBuilder::List();
  for (const std::string& schema : schemas) builder.Add(&all, builder.Reference(schema));
  return builder.Single("anyOf", std::move(all));
}

// The names of their schemas.
struct Bodies {
  std::vector<std::string> requests;
  std::vector<std::string> responses;
};

JsonValue Operation(const JsonBuilder& builder, const std::string& model, const std::string& summary,
                    const Bodies& bodies) {
  JsonValue ok = JsonContent(builder, AnyOf(builder, bodies.responses));
  builder.Put(&ok, "description", absl::string_view("OK"));
  JsonValue answers = builder.Single("200", std::move(ok));
  builder.Put(&answers, "default", builder.Single("$ref", builder.Text("#/components/responses/Error")));
  JsonValue body = JsonContent(builder, AnyOf(builder, bodies.requests));
  builder.Put(&body, "required", JsonValue(true));
  JsonValue tags = JsonBuilder::List();
  builder.Add(&tags, builder.Text(model));
  JsonValue post = builder.Single("summary", builder.Text(summary));
  builder.Put(&post, "tags", std::move(tags));
  builder.Put(&post, "requestBody", std::move(body));
  builder.Put(&post, "responses", std::move(answers));
  return builder.Single("post", std::move(post));
}

// Adds what models have to the paths and schemas of a document.
class Models {
 public:
  Models(JsonDocument* document, const JsonBuilder& builder)
      : builder_(builder), paths_((*document)["paths"]), schemas_((*document)["components"]["schemas"]) {}

  void Add(const std::string& model, int64_t version, bool is_latest, const Signatures& signatures) {
    std::map<std::string, Bodies> verbs;
    for (const auto& entry : signatures.by_name) {
      const Signature& signature = entry.second;
      // The REST API has no word for some of the outputs.
      if (signature.SendableOutputs().size() != signature.outputs.size()) continue;
      Bodies& bodies = verbs[VerbOf(signature)];
      bodies.requests.push_back(Define(model, version, signature.name, ".request", RequestSchema(builder_, signature)));
      bodies.responses.push_back(
          Define(model, version, signature.name, ".response", ResponseSchema(builder_, signature)));
    }
    const std::string path = absl::StrCat("/v1/models/", PercentEncoded(model));
    for (const auto& verb : verbs) {
      if (is_latest) AddPath(absl::StrCat(path, ":", verb.first), model, verb.first, "the latest version", verb.second);
      AddPath(absl::StrCat(path, "/versions/", version, ":", verb.first), model, verb.first,
              absl::StrCat("version ", version), verb.second);
    }
  }

 private:
  void AddPath(const std::string& path, const std::string& model, const std::string& verb, const std::string& by,
               const Bodies& bodies) {
    builder_.Put(&paths_, path, Operation(builder_, model, absl::StrCat(verb, " by ", by, " of ", model), bodies));
  }

  // Gives the schema a name, or the name that an equal one has.
  std::string Define(const std::string& model, int64_t version, const std::string& signature, const char* what,
                     JsonValue schema) {
    std::string name = SchemaName(absl::StrCat(model, ".", signature, what));
    for (int other = 1; schemas_.HasMember(name.c_str()); ++other) {
      if (schemas_[name.c_str()] == schema) return name;
      const std::string suffix = other == 1 ? "" : absl::StrCat("_", other);
      name = SchemaName(absl::StrCat(model, ".", version, ".", signature, suffix, what));
    }
    builder_.Put(&schemas_, name, std::move(schema));
    return name;
  }

  const JsonBuilder builder_;
  JsonValue& paths_;
  JsonValue& schemas_;
};

void RemoveManagement(JsonValue* paths) {
  for (auto path = paths->MemberBegin(); path != paths->MemberEnd();) {
    path = absl::StartsWith(path->name.GetString(), kManagement) ? paths->EraseMember(path) : path + 1;
  }
}

}  // namespace

std::string OpenApiDocument(const Manager& manager, const Contracts& contracts, bool infers) {
  JsonDocument document;
  document.Parse(kOpenApi);
  const JsonBuilder builder(&document.GetAllocator());
  JsonValue& info = document["info"];
  builder.Put(&info, "version", absl::string_view(kVersion));
  if (infers) {
    RemoveManagement(&document["paths"]);
  } else {
    info["description"] = builder.Text(absl::StrCat(info["description"].GetString(), kOtherPort));
  }
  Models models(&document, builder);
  for (const auto& model : manager.GetAllStates()) {
    bool is_latest = true;
    for (const ServableState& state : model.second) {
      if (state.state != ManagerState::kAvailable) continue;
      const auto handle = manager.GetServableHandle<SavedModel>({model.first, state.id.version});
      // It may have gone since.
      if (!handle.ok()) continue;
      models.Add(model.first, state.id.version, is_latest, (*handle)->signatures());
      is_latest = false;
    }
  }
  for (const ContractMethod& method : contracts.methods) {
    DescribeContract(builder, method, &document["paths"], &document["components"]["schemas"]);
  }
  JsonBuffer buffer;
  JsonWriter writer(buffer);
  document.Accept(writer);
  return {buffer.GetString(), buffer.GetSize()};
}

}  // namespace trilho

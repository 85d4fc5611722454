#include "cpp_server/contracts/contract_rest.h"

#include <memory>
#include <string_view>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/strip.h"
#include "cpp_server/admission/no_memory.h"
#include "cpp_server/advice/nearest_name.h"
#include "cpp_server/contracts/contract_example.h"
#include "cpp_server/contracts/contract_json.h"
#include "cpp_server/http/http_status.h"
#include "cpp_server/json/json_memory.h"
#include "cpp_server/services/http_inference.h"
#include "google/protobuf/descriptor.h"

namespace trilho {
namespace {

constexpr char kRoot[] = "/v1/contracts";
constexpr char kBelow[] = "/v1/contracts/";

std::string ListOf(const Contracts& contracts) {
  JsonBuffer buffer;
  JsonWriter writer(buffer);
  const auto put = [&writer](const char* key, const std::string& value) {
    writer.Key(key);
    writer.String(value.data(), static_cast<rapidjson::SizeType>(value.size()));
  };
  writer.StartObject();
  writer.Key("contracts");
  writer.StartArray();
  for (const ContractMethod& method : contracts.methods) {
    writer.StartObject();
    put("service", method.service);
    put("method", method.name);
    put("path", ContractRest::PathOf(method));
    put("model", method.model);
    put("signature", method.signature);
    if (!method.version_label.empty()) put("versionLabel", method.version_label);
    const auto example = ExampleRequest(method);
    if (example.ok()) {
      writer.Key("example");
      writer.RawValue(example->data(), example->size(), rapidjson::kObjectType);
    } else {
      put("noExample", std::string(example.status().message()));
    }
    writer.EndObject();
  }
  writer.EndArray();
  writer.EndObject();
  return {buffer.GetString(), buffer.GetSize()};
}

absl::Status NotThere(const std::string& what, const std::string& name, const std::vector<std::string>& known) {
  const std::string nearest = NearestName(name, known);
  return absl::NotFoundError(
      absl::StrCat("there is no ", what, " \"", name, "\"",
                   nearest.empty() ? "; there are " : absl::StrCat("; did you mean \"", nearest, "\"? There are "),
                   absl::StrJoin(known, ", ")));
}

}  // namespace

ContractRest::ContractRest(const Contracts* contracts, ContractModels models, const InferenceHooks* hooks)
    : contracts_(contracts), models_(std::move(models)), hooks_(hooks) {
  for (const ContractMethod& method : contracts_->methods) methods_.emplace(PathOf(method), Share(Inference(method)));
}

std::string ContractRest::PathOf(const ContractMethod& method) {
  return absl::StrCat(kBelow, method.service, "/", method.name);
}

std::vector<HttpRoute> ContractRest::Routes() const {
  HttpEndpoint list;
  list.handle = [this](const std::shared_ptr<HttpCall>& call) { call->Reply(JsonResponse(ListOf(*contracts_))); };
  HttpRoute root = GetRoute(kRoot, std::move(list));
  root.answers_preflight = true;
  HttpRoute below;
  below.path = kBelow;
  below.is_prefix = true;
  below.answers_preflight = true;
  below.find = [this](const HttpRequestHead& head) { return Find(head); };
  return {std::move(root), std::move(below)};
}

SharedEndpoint ContractRest::Find(const HttpRequestHead& head) const {
  const bool is_post = head.method() == "POST";
  const auto found = methods_.find(std::string_view(head.path().data(), head.path().size()));
  if (found != methods_.end()) return is_post ? found->second : Share(NotAllowed(Plane::kControl, "POST"));
  HttpEndpoint nothing;
  nothing.plane = is_post ? Plane::kData : Plane::kControl;
  // Not here: it compares the path, which may be long, with every name.
  nothing.handle = [this](const std::shared_ptr<HttpCall>& call) {
    call->Reply(ErrorResponse(NothingAt(call->path())));
  };
  return Share(std::move(nothing));
}

absl::Status ContractRest::NothingAt(absl::string_view path) const {
  absl::ConsumePrefix(&path, kBelow);
  const size_t slash = path.find('/');
  const std::string service(path.substr(0, slash));
  const std::string name(slash == absl::string_view::npos ? "" : path.substr(slash + 1));
  std::vector<std::string> services;
  std::vector<std::string> names;
  for (const ContractMethod& method : contracts_->methods) {
    if (services.empty() || services.back() != method.service) services.push_back(method.service);
    if (method.service == service) names.push_back(method.name);
  }
  if (services.empty()) return absl::NotFoundError("the server has no contracts: --contracts names them");
  if (names.empty()) return NotThere("service", service, services);
  return NotThere(absl::StrCat("method of ", service), name, names);
}

HttpEndpoint ContractRest::Inference(const ContractMethod& method) const {
  return HttpInference(
      RecordedName(method), method.model, hooks_,
      [this, &method](const HttpCall& call, const CallContext& context, InferenceRecord* record, const HttpDone& done) {
        const auto request = ReadMessageJson(*method.descriptor->input_type(), call.body());
        if (!request.ok()) return done(request.status());
        RunContract(method, models_, *request, context, record, [&method, done](absl::StatusOr<std::string> bytes) {
          if (!bytes.ok()) return done(bytes.status());
          done(JsonResponse(OrNoMemory([&] { return WriteMessageJson(*method.descriptor->output_type(), *bytes); })));
        });
      });
}

}  // namespace trilho

#include "cpp_server/contracts/contract_rest.h"

#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/match.h"
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

HttpResponse NotAllowed(absl::string_view path, const char* allowed) {
  HttpResponse response = ErrorResponse(405, absl::StrCat(path, " is to be asked with ", allowed));
  response.headers.emplace_back("Allow", allowed);
  return response;
}

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

bool ContractRest::IsContractPath(absl::string_view path) {
  return path == kRoot || absl::StartsWith(path, absl::StrCat(kRoot, "/"));
}

HttpPlane ContractRest::PlaneOf(absl::string_view method) {
  return method == "POST" ? HttpPlane::kData : HttpPlane::kControl;
}

std::string ContractRest::PathOf(const ContractMethod& method) {
  return absl::StrCat(kRoot, "/", method.service, "/", method.name);
}

void ContractRest::Handle(const std::shared_ptr<HttpCall>& call) const {
  const bool gets = call->method() == "GET" || call->method() == "HEAD";
  if (call->path() == kRoot) {
    if (!gets) return call->Reply(NotAllowed(kRoot, "GET"));
    HttpResponse response;
    response.body = ListOf(*contracts_);
    return call->Reply(std::move(response));
  }
  const ContractMethod* const method = Find(call->path());
  if (method == nullptr) return call->Reply(ErrorResponse(NothingAt(call->path())));
  if (call->method() != "POST") return call->Reply(NotAllowed(call->path(), "POST"));
  Run(*method, call);
}

void ContractRest::Refuse(const HttpCall& call, const absl::Status& status) const {
  const ContractMethod* const method = Find(call.path());
  if (call.method() != "POST" || method == nullptr) return;
  RecordRefused(*hooks_, RecordedName(*method), method->model, ContextOf(call, *hooks_), status);
}

const ContractMethod* ContractRest::Find(absl::string_view path) const {
  for (const ContractMethod& method : contracts_->methods) {
    if (path == PathOf(method)) return &method;
  }
  return nullptr;
}

absl::Status ContractRest::NothingAt(absl::string_view path) const {
  absl::ConsumePrefix(&path, absl::StrCat(kRoot, "/"));
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

void ContractRest::Run(const ContractMethod& method, const std::shared_ptr<HttpCall>& call) const {
  const CallContext context = ContextOf(*call, *hooks_);
  auto scope = std::make_shared<InferenceScope>(&hooks_->observers, RecordedName(method), context);
  InferenceRecord* const record = &scope->record();
  record->model = method.model;
  const auto answer = [call, hooks = hooks_, scope = std::move(scope)](absl::StatusOr<std::string> json) {
    if (!json.ok() && PutAside(*hooks, json.status(), call, scope.get())) return;
    if (!json.ok()) return EndAndReply(call.get(), scope, json.status());
    HttpResponse response;
    response.body = *std::move(json);
    EndAndReply(call.get(), scope, std::move(response));
  };
  const auto request = ReadMessageJson(*method.descriptor->input_type(), call->body());
  if (!request.ok()) return answer(request.status());
  RunContract(method, models_, *request, context, record, [&method, answer](absl::StatusOr<std::string> bytes) {
    if (!bytes.ok()) return answer(bytes.status());
    answer(OrNoMemory([&] { return WriteMessageJson(*method.descriptor->output_type(), *bytes); }));
  });
}

}  // namespace trilho

#include "cpp_server/kserve/kserve_rest.h"

#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "cpp_server/admission/no_memory.h"
#include "cpp_server/http/http_status.h"
#include "cpp_server/kserve/infer_json.h"
#include "cpp_server/kserve/kserve_json.h"
#include "cpp_server/kserve/kserve_metadata.h"
#include "cpp_server/rest/rest_path.h"
#include "cpp_server/services/http_inference.h"

namespace trilho {
namespace {

constexpr char kServer[] = "/v2";
constexpr char kServerLive[] = "/v2/health/live";
constexpr char kServerReady[] = "/v2/health/ready";
constexpr char kModels[] = "models";
constexpr char kVersions[] = "versions";
constexpr char kReady[] = "ready";
constexpr char kInfer[] = "infer";
constexpr char kConfig[] = "config";
constexpr char kStatistics[] = "stats";
constexpr char kAllStatistics[] = "/v2/models/stats";
constexpr char kRepository[] = "/v2/repository/";
constexpr char kIndex[] = "/v2/repository/index";
constexpr char kRepositoryModels[] = "/v2/repository/models/";
constexpr char kJsonSize[] = "Inference-Header-Content-Length";
constexpr char kReading[] = "GET, HEAD";
constexpr int kUnavailable = 503;

// "/v2/models/MODEL[/versions/V][/VERB]", decoded.
struct ModelPath {
  std::string model;
  std::string version;
  std::string verb;
};

absl::Status NothingThere(absl::string_view path) {
  return absl::NotFoundError(absl::StrCat("there is nothing at ", path,
                                          "; there are /v2, /v2/health/live, /v2/health/ready, "
                                          "/v2/models/MODEL[/versions/V][/ready|/infer|/config|/stats], "
                                          "/v2/models/stats and /v2/repository/index"));
}

absl::StatusOr<ModelPath> ReadPath(absl::string_view path) {
  std::vector<std::string> parts;
  for (const absl::string_view part : absl::StrSplit(absl::StripPrefix(path, "/v2/"), '/')) {
    auto decoded = DecodePercent(part);
    if (!decoded.ok()) return decoded.status();
    parts.push_back(*std::move(decoded));
  }
  ModelPath read;
  if (parts.size() < 2 || parts[0] != kModels || parts[1].empty()) return NothingThere(path);
  read.model = parts[1];
  size_t next = 2;
  if (parts.size() > next + 1 && parts[next] == kVersions && !parts[next + 1].empty()) {
    read.version = parts[next + 1];
    next += 2;
  }
  if (parts.size() == next) return read;
  read.verb = parts[next];
  const bool known = read.verb == kReady || read.verb == kInfer || read.verb == kConfig || read.verb == kStatistics;
  if (parts.size() != next + 1 || !known) return NothingThere(path);
  return read;
}

HttpResponse Json(std::string json) {
  HttpResponse response;
  response.body = std::move(json);
  return response;
}

HttpResponse Health(const char* what, bool yes) {
  HttpResponse response = Json(absl::StrCat("{\"", what, "\":", yes ? "true" : "false", "}"));
  if (!yes) response.status = kUnavailable;
  return response;
}

HttpResponse ModelHealth(const Predictor& predictor, const Manager& manager, const ModelPath& path) {
  const absl::Status ready = KServeModelReady(predictor, path.model, path.version);
  // The reason is for those who may ask for the model's state: anybody may ask this.
  HttpResponse response = Health("ready", ready.ok());
  if (ready.ok()) return response;
  response.status = HttpStatusOf(ready.code());
  // A model that is known may come to be ready.
  if (absl::IsNotFound(ready) && !manager.GetStates(path.model).empty()) response.status = kUnavailable;
  return response;
}

HttpResponse NotAllowed(absl::string_view path, const char* allowed) {
  HttpResponse response = ErrorResponse(405, absl::StrCat(path, " is to be asked with ", allowed));
  response.headers.emplace_back("Allow", allowed);
  return response;
}

HttpResponse InferResponse(InferBody body) {
  HttpResponse response;
  if (body.has_binary) {
    response.content_type = "application/octet-stream";
    response.headers.emplace_back(kJsonSize, absl::StrCat(body.json_size));
  }
  response.body = std::move(body.bytes);
  return response;
}

absl::StatusOr<JsonInferRequest> ReadRequest(const HttpCall& call) {
  const absl::string_view body = call.body();
  const absl::string_view json_size = call.header(kJsonSize);
  size_t size = body.size();
  if (!json_size.empty() && (!absl::SimpleAtoi(json_size, &size) || size > body.size())) {
    return absl::InvalidArgumentError(
        absl::StrCat(kJsonSize, " is \"", json_size, "\"; it must be a number of bytes, ", body.size(), " at most"));
  }
  return ReadInferJson(body.substr(0, size), body.substr(size));
}

}  // namespace

bool KServeRest::IsKServePath(absl::string_view path) { return path == kServer || absl::StartsWith(path, "/v2/"); }

bool KServeRest::IsProbe(absl::string_view path) {
  if (path == kServerLive || path == kServerReady) return true;
  if (!IsKServePath(path)) return false;
  const auto model = ReadPath(path);
  return model.ok() && model->verb == kReady;
}

HttpPlane KServeRest::PlaneOf(absl::string_view method, absl::string_view path) {
  return method == "POST" && !absl::StartsWith(path, kRepository) ? HttpPlane::kData : HttpPlane::kControl;
}

bool KServeRest::TakesBody(absl::string_view path) {
  if (path == kIndex) return true;
  const auto model = ReadPath(path);
  return model.ok() && model->verb == kInfer;
}

void KServeRest::Handle(const std::shared_ptr<HttpCall>& call) const {
  const absl::string_view path = call->path();
  const bool post = call->method() == "POST";
  const bool get = call->method() == "GET" || call->method() == "HEAD";
  if (path == kServer || path == kServerLive || path == kServerReady) {
    if (!get) return call->Reply(NotAllowed(path, kReading));
    if (path == kServer) return call->Reply(Json(ServerMetadataJson(KServeServerMetadata())));
    return call->Reply(path == kServerLive ? Health("live", true) : Health("ready", ready_()));
  }
  if (absl::StartsWith(path, kRepository)) return call->Reply(Repository(*call));
  if (get && path == kAllStatistics && manager_->GetStates(kStatistics).empty()) {
    return call->Reply(Statistics("", ""));
  }
  auto model = ReadPath(path);
  if (!model.ok()) return call->Reply(ErrorResponse(model.status()));
  const bool infer = model->verb == kInfer;
  if (infer ? !post : !get) return call->Reply(NotAllowed(path, infer ? "POST" : kReading));
  if (model->verb == kReady) {
    const bool stopping = stopping_ && stopping_();
    return call->Reply(stopping ? Health("ready", false) : ModelHealth(*predictor_, *manager_, *model));
  }
  if (model->verb == kStatistics) return call->Reply(Statistics(model->model, model->version));
  if (model->verb == kConfig) {
    const auto config = KServeModelConfig(*predictor_, model->model, model->version);
    if (!config.ok() && PutAside(*hooks_, config.status(), call, nullptr)) return;
    return call->Reply(config.ok() ? Json(ModelConfigJson(*config)) : ErrorResponse(config.status()));
  }
  if (!infer) {
    const auto metadata = KServeModelMetadata(*predictor_, *manager_, model->model, model->version);
    if (!metadata.ok() && PutAside(*hooks_, metadata.status(), call, nullptr)) return;
    return call->Reply(metadata.ok() ? Json(ModelMetadataJson(*metadata)) : ErrorResponse(metadata.status()));
  }

  const CallContext context = ContextOf(*call, *hooks_);
  auto scope = std::make_shared<InferenceScope>(&hooks_->observers, kInfer, context);
  InferenceRecord* const record = &scope->record();
  record->model = model->model;
  auto asked = ReadRequest(*call);
  if (!asked.ok()) return EndAndReply(call.get(), scope, asked.status());
  InferRequest request = std::move(asked->request);
  request.model = model->model;
  request.version = std::move(model->version);
  auto kept = std::make_shared<const JsonInferRequest>(*std::move(asked));
  Infer(*predictor_, std::move(request), context, record,
        [call, hooks = hooks_, scope = std::move(scope), kept = std::move(kept),
         name = std::move(model->model)](const absl::StatusOr<InferResult>& result) {
          if (!result.ok() && PutAside(*hooks, result.status(), call, scope.get())) return;
          EndAndReply(call.get(), scope, OrNoMemory([&]() -> absl::StatusOr<HttpResponse> {
                        if (!result.ok()) return result.status();
                        auto body = WriteInferJson(name, *kept, *result);
                        if (!body.ok()) return body.status();
                        return InferResponse(*std::move(body));
                      }));
        });
}

HttpResponse KServeRest::Statistics(const std::string& model, const std::string& version) const {
  const auto statistics = repository_->Statistics(model, version);
  return statistics.ok() ? Json(ModelStatisticsJson(*statistics)) : ErrorResponse(statistics.status());
}

HttpResponse KServeRest::Repository(const HttpCall& call) const {
  const absl::string_view path = call.path();
  const bool loads =
      absl::StartsWith(path, kRepositoryModels) && (absl::EndsWith(path, "/load") || absl::EndsWith(path, "/unload"));
  if (path != kIndex && !loads) return ErrorResponse(NothingThere(path));
  if (call.method() != "POST") return NotAllowed(path, "POST");
  if (loads) return ErrorResponse(repository_->LoadRefused());
  const auto only_ready = ReadOnlyReady(call.body());
  if (!only_ready.ok()) return ErrorResponse(only_ready.status());
  const auto index = repository_->Index(*only_ready);
  return index.ok() ? Json(RepositoryIndexJson(*index)) : ErrorResponse(index.status());
}

void KServeRest::Refuse(const HttpCall& call, const absl::Status& status) const {
  auto model = ReadPath(call.path());
  if (call.method() != "POST" || !model.ok() || model->verb != kInfer) return;
  RecordRefused(*hooks_, kInfer, std::move(model->model), ContextOf(call, *hooks_), status);
}

}  // namespace trilho

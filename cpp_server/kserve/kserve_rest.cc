#include "cpp_server/kserve/kserve_rest.h"

#include <memory>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "cpp_server/admission/no_memory.h"
#include "cpp_server/http/http_status.h"
#include "cpp_server/http/percent_encoding.h"
#include "cpp_server/kserve/infer_json.h"
#include "cpp_server/kserve/kserve_json.h"
#include "cpp_server/kserve/kserve_metadata.h"
#include "cpp_server/services/http_inference.h"

namespace trilho {

// "/v2/models/MODEL[/versions/V][/VERB]"
struct KServeRest::ModelPath {
  std::string model;
  std::string version;
  std::string verb;

  // Returns the meaning of a path as sent. NOT_FOUND, naming those that there are, for one that is none of a model.
  static absl::StatusOr<ModelPath> Read(absl::string_view path);
};

namespace {

constexpr char kServer[] = "/v2";
constexpr char kBelow[] = "/v2/";
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
constexpr char kGet[] = "GET";
constexpr char kPost[] = "POST";
constexpr int kUnavailable = 503;

absl::Status NothingThere(absl::string_view path) {
  return absl::NotFoundError(absl::StrCat("there is nothing at ", path,
                                          "; there are /v2, /v2/health/live, /v2/health/ready, "
                                          "/v2/models/MODEL[/versions/V][/ready|/infer|/config|/stats], "
                                          "/v2/models/stats and /v2/repository/index"));
}

// Answers a probe: yes or no.
HttpResponse HealthResponse(const char* name, bool yes) {
  HttpResponse response = JsonResponse(absl::StrCat("{\"", name, "\":", yes ? "true" : "false", "}"));
  if (!yes) response.status = kUnavailable;
  return response;
}

// Makes an endpoint that tells anybody, whatever else keeps the server busy.
HttpEndpoint Probe(HttpHandler handle) {
  HttpEndpoint endpoint;
  endpoint.plane = Plane::kProbe;
  endpoint.is_open = true;
  endpoint.handle = std::move(handle);
  return endpoint;
}

HttpEndpoint ServerProbe(const char* name, std::function<bool()> is_well) {
  return Probe([name, is_well = std::move(is_well)](const std::shared_ptr<HttpCall>& call) {
    call->Reply(HealthResponse(name, is_well()));
  });
}

// Makes an endpoint of the control plane that answers with what `ask` returns of a call.
HttpEndpoint Asking(std::function<absl::StatusOr<HttpResponse>(const HttpCall&)> ask) {
  HttpEndpoint endpoint;
  endpoint.handle = [ask = std::move(ask)](const std::shared_ptr<HttpCall>& call) {
    auto response = ask(*call);
    call->Reply(response.ok() ? *std::move(response) : ErrorResponse(response.status()));
  };
  return endpoint;
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

absl::StatusOr<KServeRest::ModelPath> KServeRest::ModelPath::Read(absl::string_view path) {
  std::vector<std::string> parts;
  for (const absl::string_view part : absl::StrSplit(absl::StripPrefix(path, kBelow), '/')) {
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

std::vector<HttpRoute> KServeRest::Routes() const {
  HttpRoute server;
  server.path = kServer;
  server.answers_preflight = true;
  server.find = [this](const HttpRequestHead& head) { return Share(Find(head)); };
  HttpRoute below = server;
  below.path = kBelow;
  below.is_prefix = true;
  return {std::move(server), std::move(below)};
}

HttpEndpoint KServeRest::Find(const HttpRequestHead& head) const {
  const absl::string_view path = head.path();
  if (absl::StartsWith(path, kRepository)) return Repository(head);
  const Plane plane = head.method() == kPost ? Plane::kData : Plane::kControl;
  const bool is_server = path == kServer;
  if (!is_server && path != kServerLive && path != kServerReady) return FindModel(head, plane);
  if (!IsGet(head)) return NotAllowed(plane, kGet);
  if (is_server) {
    return Asking([](const HttpCall&) { return JsonResponse(ServerMetadataJson(KServeServerMetadata())); });
  }
  if (path == kServerLive) return ServerProbe("live", [] { return true; });
  return ServerProbe("ready", ready_);
}

HttpEndpoint KServeRest::FindModel(const HttpRequestHead& head, Plane plane) const {
  if (IsGet(head) && head.path() == kAllStatistics) {
    // Unless a model has that name.
    return HttpDescription(hooks_, [this] {
      return manager_->GetStates(kStatistics).empty() ? Statistics("", "") : Metadata(kStatistics, "");
    });
  }
  auto path = ModelPath::Read(head.path());
  if (!path.ok()) return Failing(plane, path.status());
  if (path->verb == kInfer) {
    return head.method() == kPost ? Inference(*std::move(path)) : NotAllowed(plane, kPost);
  }
  if (!IsGet(head)) return NotAllowed(plane, kGet);
  if (path->verb == kReady) return ModelReady(*std::move(path));
  if (path->verb == kStatistics) {
    return Asking([this, path = *std::move(path)](const HttpCall&) { return Statistics(path.model, path.version); });
  }
  return HttpDescription(hooks_, [this, path = *std::move(path)]() -> absl::StatusOr<HttpResponse> {
    if (path.verb != kConfig) return Metadata(path.model, path.version);
    const auto config = KServeModelConfig(*predictor_, path.model, path.version);
    if (!config.ok()) return config.status();
    return JsonResponse(ModelConfigJson(*config));
  });
}

HttpEndpoint KServeRest::ModelReady(ModelPath path) const {
  return Probe([this, path = std::move(path)](const std::shared_ptr<HttpCall>& call) {
    if (stopping_ && stopping_()) return call->Reply(HealthResponse("ready", false));
    const absl::Status ready = KServeModelReady(*predictor_, path.model, path.version);
    // The reason is for those who may ask for the model's state: anybody may ask this.
    HttpResponse response = HealthResponse("ready", ready.ok());
    if (!ready.ok()) {
      // A model that is known may come to be ready.
      const bool may_come = absl::IsNotFound(ready) && !manager_->GetStates(path.model).empty();
      response.status = may_come ? kUnavailable : HttpStatusOf(ready.code());
    }
    call->Reply(std::move(response));
  });
}

absl::StatusOr<HttpResponse> KServeRest::Metadata(const std::string& model, const std::string& version) const {
  const auto metadata = KServeModelMetadata(*predictor_, *manager_, model, version);
  if (!metadata.ok()) return metadata.status();
  return JsonResponse(ModelMetadataJson(*metadata));
}

absl::StatusOr<HttpResponse> KServeRest::Statistics(const std::string& model, const std::string& version) const {
  const auto statistics = repository_->Statistics(model, version);
  if (!statistics.ok()) return statistics.status();
  return JsonResponse(ModelStatisticsJson(*statistics));
}

HttpEndpoint KServeRest::Repository(const HttpRequestHead& head) const {
  const absl::string_view path = head.path();
  const bool loads =
      absl::StartsWith(path, kRepositoryModels) && (absl::EndsWith(path, "/load") || absl::EndsWith(path, "/unload"));
  if (path != kIndex && !loads) return Failing(Plane::kControl, NothingThere(path));
  if (head.method() != kPost) return NotAllowed(Plane::kControl, kPost);
  if (loads) return Failing(Plane::kControl, repository_->LoadRefused());
  HttpEndpoint endpoint = Asking([this](const HttpCall& call) -> absl::StatusOr<HttpResponse> {
    const auto only_ready = ReadOnlyReady(call.body());
    if (!only_ready.ok()) return only_ready.status();
    const auto index = repository_->Index(*only_ready);
    if (!index.ok()) return index.status();
    return JsonResponse(RepositoryIndexJson(*index));
  });
  endpoint.takes_body = true;
  return endpoint;
}

HttpEndpoint KServeRest::Inference(ModelPath path) const {
  std::string model = path.model;
  return HttpInference(kInfer, std::move(model), hooks_,
                       [this, path = std::move(path)](const HttpCall& call, const CallContext& context,
                                                      InferenceRecord* record, HttpDone done) {
                         auto asked = ReadRequest(call);
                         if (!asked.ok()) return done(asked.status());
                         InferRequest request = std::move(asked->request);
                         request.model = path.model;
                         request.version = path.version;
                         auto kept = std::make_shared<const JsonInferRequest>(*std::move(asked));
                         Infer(*predictor_, std::move(request), context, record,
                               [kept = std::move(kept), name = path.model,
                                done = std::move(done)](const absl::StatusOr<InferResult>& result) {
                                 done(OrNoMemory([&]() -> absl::StatusOr<HttpResponse> {
                                   if (!result.ok()) return result.status();
                                   auto body = WriteInferJson(name, *kept, *result);
                                   if (!body.ok()) return body.status();
                                   return InferResponse(*std::move(body));
                                 }));
                               });
                       });
}

}  // namespace trilho

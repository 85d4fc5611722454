#include "cpp_server/server/http_health.h"

#include <memory>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "cpp_server/advice/words.h"
#include "cpp_server/http/http_status.h"
#include "cpp_server/http/percent_encoding.h"
#include "cpp_server/json/message_json.h"

namespace trilho {
namespace {

using ModelList = std::function<management::ListModelsResponse()>;

constexpr char kHealth[] = "/healthz";
constexpr char kReady[] = "/readyz";
constexpr char kReadyModel[] = "/readyz/";
constexpr int kUnavailable = 503;

HttpResponse Text(std::string body) {
  HttpResponse response;
  response.content_type = "text/plain";
  response.body = std::move(body);
  return response;
}

// Names no model: for anybody who may reach the port.
HttpResponse ShortReadiness(bool ready, int lacking, int models) {
  if (ready) return Text("ready\n");
  HttpResponse response = Text(lacking == 0 ? "not ready: the server starts or stops\n"
                                            : absl::StrCat("not ready: ", lacking, " of ", Counted(models, "model"),
                                                           " without an available version\n"));
  response.status = kUnavailable;
  return response;
}

// Says whether the model `only`, or every one that counts if it is empty, is ready.
HttpResponse ReadinessOf(Readiness* readiness, const ModelList& list, const std::string& only) {
  const auto count = only.empty() ? readiness->CountModels() : readiness->CountModel(only);
  if (!count) return ErrorResponse(absl::NotFoundError(absl::StrCat("there is no model \"", only, "\"")));
  // Anybody may ask as often as they like: no list is made for nothing.
  if (!list) return ShortReadiness(count->is_ready, count->lacking, count->models);
  management::ListModelsResponse models = list();
  auto* all = models.mutable_models();
  for (auto it = all->begin(); it != all->end();) it = only.empty() || it->name() == only ? it + 1 : all->erase(it);
  auto json = WriteMessage(models);
  if (!json.ok()) return ErrorResponse(json.status());
  HttpResponse response;
  response.status = count->is_ready ? 200 : kUnavailable;
  response.body = *std::move(json);
  return response;
}

HttpEndpoint Probe(Plane plane, HttpHandler handle) {
  HttpEndpoint endpoint;
  endpoint.plane = plane;
  endpoint.is_open = true;
  endpoint.handle = std::move(handle);
  return endpoint;
}

}  // namespace

std::vector<HttpRoute> HealthRoutes(Readiness* readiness, std::function<management::ListModelsResponse()> models) {
  HttpEndpoint lives = Probe(Plane::kInstant, [](const std::shared_ptr<HttpCall>& call) { call->Reply(Text("ok\n")); });
  HttpEndpoint server = Probe(Plane::kProbe, [readiness, models](const std::shared_ptr<HttpCall>& call) {
    call->Reply(ReadinessOf(readiness, models, ""));
  });
  HttpEndpoint model =
      Probe(Plane::kProbe, [readiness, models = std::move(models)](const std::shared_ptr<HttpCall>& call) {
        const auto name = DecodePercent(absl::StripPrefix(call->path(), kReadyModel));
        call->Reply(name.ok() ? ReadinessOf(readiness, models, *name) : ErrorResponse(name.status()));
      });
  HttpRoute below = GetRoute(kReadyModel, std::move(model));
  below.is_prefix = true;
  return {GetRoute(kHealth, std::move(lives)), GetRoute(kReady, std::move(server)), std::move(below)};
}

}  // namespace trilho

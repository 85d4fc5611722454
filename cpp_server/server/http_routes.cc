#include "cpp_server/server/http_routes.h"

#include <memory>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "cpp_server/advice/words.h"
#include "cpp_server/http/http_status.h"
#include "cpp_server/json/message_json.h"
#include "cpp_server/rest/rest_path.h"
#include "cpp_server/server/site_check.h"

namespace trilho {
namespace {

constexpr char kModels[] = "/v1/models";
constexpr char kHealth[] = "/healthz";
constexpr char kReady[] = "/readyz";
constexpr char kReadyModel[] = "/readyz/";
constexpr char kMetrics[] = "/metrics";
constexpr char kPlainText[] = "text/plain";
constexpr char kPrometheusText[] = "text/plain; version=0.0.4; charset=utf-8";
constexpr int kUnavailable = 503;

HttpResponse Text(std::string content_type, std::string body) {
  HttpResponse response;
  response.content_type = std::move(content_type);
  response.body = std::move(body);
  return response;
}

// Without names: for anybody who may reach the port.
HttpResponse ShortReadiness(bool ready, int lacking, int models) {
  if (ready) return Text(kPlainText, "ready\n");
  HttpResponse response =
      Text(kPlainText, lacking == 0 ? "not ready: the server starts or stops\n"
                                    : absl::StrCat("not ready: ", lacking, " of ", Counted(models, "model"),
                                                   " without an available version\n"));
  response.status = kUnavailable;
  return response;
}

// Whether all models that were asked for are ready, and, unless there is another place for that, which they are.
HttpResponse ReadinessOf(const HttpRoutes& routes, const std::string& only) {
  const auto count = only.empty() ? routes.readiness->CountModels() : routes.readiness->CountModel(only);
  if (!count) return ErrorResponse(absl::NotFoundError(absl::StrCat("there is no model \"", only, "\"")));
  // Anybody may ask as often as they like: no list is made for nothing.
  if (routes.authorize || !routes.administers) return ShortReadiness(count->is_ready, count->lacking, count->models);
  management::ListModelsResponse models = ListModels(routes.managed);
  auto* all = models.mutable_models();
  for (auto it = all->begin(); it != all->end();) it = only.empty() || it->name() == only ? it + 1 : all->erase(it);
  auto json = WriteMessage(models);
  if (!json.ok()) return ErrorResponse(json.status());
  HttpResponse response;
  response.status = count->is_ready ? 200 : kUnavailable;
  response.body = *std::move(json);
  return response;
}

HttpResponse Models(const HttpRoutes& routes) {
  auto json = WriteMessage(ListModels(routes.managed));
  if (!json.ok()) return ErrorResponse(json.status());
  HttpResponse response;
  response.body = *std::move(json);
  return response;
}

// What is asked for with GET.
HttpResponse Answer(const HttpRoutes& routes, absl::string_view path) {
  if (path == kHealth) return Text(kPlainText, "ok\n");
  if (path == kReady) return ReadinessOf(routes, "");
  if (absl::ConsumePrefix(&path, kReadyModel)) {
    const auto name = DecodePercent(path);
    return name.ok() ? ReadinessOf(routes, *name) : ErrorResponse(name.status());
  }
  if (!routes.administers) {
    return ErrorResponse(absl::NotFoundError(
        absl::StrCat("there is nothing at ", path,
                     " on this port; there are /v1/models/MODEL, /healthz, /readyz and /readyz/MODEL")));
  }
  if (path == kModels) return Models(routes);
  if (routes.page != nullptr && StatusPage::IsStatusPath(path)) return routes.page->Answer(path);
  const bool metrics = path == kMetrics || (!routes.metrics_path.empty() && path == routes.metrics_path);
  if (metrics && routes.metrics) return Text(kPrometheusText, routes.metrics());
  return ErrorResponse(absl::NotFoundError(absl::StrCat(
      "there is nothing at ", path,
      "; there are /, /v1/models, /v1/contracts, /v2, /healthz, /readyz, /readyz/MODEL, /metrics and /openapi.json")));
}

// Whether it is asked only if the server or a model is well, e.g. by a balancer.
bool IsProbe(absl::string_view method, absl::string_view path) {
  return path == kHealth || path == kReady || absl::StartsWith(path, kReadyModel) ||
         (method == "GET" && KServeRest::IsProbe(path));
}

// Whether no token is needed.
bool IsOpen(const HttpRequestHead& head) {
  return IsProbe(head.method(), head.path()) || StatusPage::IsOpen(head.path());
}

// Of calls that no handler sees, those that would run a model are recorded.
void RecordRefused(const HttpRoutes& routes, const HttpCall& call, const absl::Status& status) {
  if (routes.kserve != nullptr && KServeRest::IsKServePath(call.path())) return routes.kserve->Refuse(call, status);
  if (routes.contracts != nullptr && ContractRest::IsContractPath(call.path())) {
    return routes.contracts->Refuse(call, status);
  }
  if (routes.rest != nullptr && IsRestPath(call.path())) routes.rest->Refuse(call, status);
}

absl::Status Admit(const HttpRoutes& routes, const HttpRequestHead& head) {
  if (routes.management != nullptr && HttpManagement::IsManagementPath(head.path())) {
    absl::Status same_site = CheckSite(head, routes.allowed_hosts);
    if (!same_site.ok()) return same_site;
  }
  // A browser asks with OPTIONS first, without the token.
  if (!routes.authorize || IsOpen(head) || head.method() == "OPTIONS") return absl::OkStatus();
  return routes.authorize(head);
}

// Whether a handler looks at a body. Nobody reads one that none does.
bool TakesBody(const HttpRoutes& routes, const HttpRequestHead& head) {
  if (head.method() != "POST") return false;
  const absl::string_view path = head.path();
  if (HttpManagement::IsManagementPath(path)) return routes.management != nullptr;
  if (KServeRest::IsKServePath(path)) return routes.kserve != nullptr && KServeRest::TakesBody(path);
  if (ContractRest::IsContractPath(path)) return routes.contracts != nullptr && routes.contracts->TakesBody(path);
  return routes.rest != nullptr && RestService::TakesBody(path, head.query());
}

HttpPlane PlaneOf(absl::string_view method, absl::string_view path) {
  if (path == kHealth) return HttpPlane::kInstant;
  if (IsProbe(method, path)) return HttpPlane::kProbe;
  if (KServeRest::IsKServePath(path)) return KServeRest::PlaneOf(method, path);
  if (ContractRest::IsContractPath(path)) return ContractRest::PlaneOf(method);
  return IsRestPath(path) ? RestService::PlaneOf(method) : HttpPlane::kControl;
}

void Handle(const HttpRoutes& routes, const std::shared_ptr<HttpCall>& call) {
  if (routes.management != nullptr && HttpManagement::IsManagementPath(call->path())) {
    return routes.management->Handle(call);
  }
  const bool get = call->method() == "GET" || call->method() == "HEAD";
  const bool lists_models = routes.administers && get && call->path() == kModels && call->query().empty();
  const bool is_kserve = routes.kserve != nullptr && KServeRest::IsKServePath(call->path());
  const bool is_contract = routes.contracts != nullptr && ContractRest::IsContractPath(call->path());
  const bool is_rest = routes.rest != nullptr && IsRestPath(call->path()) && !lists_models && !is_contract;
  // A browser asks this way whether it may send the request itself.
  if ((is_kserve || is_contract || is_rest) && call->method() == "OPTIONS") {
    return absl::StrContains(call->header("Origin"), "://")
               ? call->Reply(HttpResponse())
               : call->Reply(ErrorResponse(absl::InvalidArgumentError("OPTIONS needs the header Origin")));
  }
  if (is_kserve) return routes.kserve->Handle(call);
  if (is_contract) return routes.contracts->Handle(call);
  if (is_rest) return routes.rest->Handle(call);
  if (!get) {
    HttpResponse response = ErrorResponse(405, absl::StrCat(call->path(), " is to be asked with GET"));
    response.headers.emplace_back("Allow", "GET, HEAD");
    return call->Reply(std::move(response));
  }
  call->Reply(Answer(routes, call->path()));
}

}  // namespace

HttpRoute RouteOf(const HttpRoutes& routes) {
  HttpRoute route;
  route.plane = PlaneOf;
  route.admit = [routes](const HttpRequestHead& head) { return Admit(routes, head); };
  route.takes_body = [routes](const HttpRequestHead& head) { return TakesBody(routes, head); };
  route.refused = [routes](const HttpCall& call, const absl::Status& status) { RecordRefused(routes, call, status); };
  route.handler = [routes](const std::shared_ptr<HttpCall>& call) { Handle(routes, call); };
  return route;
}

}  // namespace trilho

#include "cpp_server/server/http_routes.h"

#include <algorithm>
#include <iterator>
#include <memory>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "cpp_server/http/http_status.h"
#include "cpp_server/json/message_json.h"
#include "cpp_server/server/http_health.h"

namespace trilho {
namespace {

constexpr char kModels[] = "/v1/models";
constexpr char kMetrics[] = "/metrics";
constexpr char kPrometheusText[] = "text/plain; version=0.0.4; charset=utf-8";

// Returns the route of the list of all models. The path is TF Serving's, too, which takes what this one leaves.
HttpRoute ModelList(const ManagedServer& managed, bool leaves_queries) {
  HttpEndpoint endpoint;
  endpoint.handle = [managed](const std::shared_ptr<HttpCall>& call) {
    auto json = WriteMessage(ListModels(managed));
    if (!json.ok()) return call->Reply(ErrorResponse(json.status()));
    HttpResponse response;
    response.body = *std::move(json);
    call->Reply(std::move(response));
  };
  HttpRoute route;
  route.path = kModels;
  route.find = [leaves_queries, list = Share(std::move(endpoint))](const HttpRequestHead& head) {
    const bool takes = IsGet(head) && (head.query().empty() || !leaves_queries);
    return takes ? list : nullptr;
  };
  return route;
}

std::vector<HttpRoute> MetricsRoutes(const std::function<std::string()>& metrics, const std::string& path) {
  HttpEndpoint endpoint;
  endpoint.handle = [metrics](const std::shared_ptr<HttpCall>& call) {
    HttpResponse response;
    response.content_type = kPrometheusText;
    response.body = metrics();
    call->Reply(std::move(response));
  };
  std::vector<HttpRoute> routes = {GetRoute(kMetrics, endpoint)};
  if (!path.empty()) routes.push_back(GetRoute(path, std::move(endpoint)));
  return routes;
}

// Returns the route of whatever no other one takes.
HttpRoute Nothing(bool administers) {
  HttpRoute route;
  route.is_prefix = true;
  route.find = [administers](const HttpRequestHead& head) {
    if (!IsGet(head)) return Share(NotAllowed(Plane::kControl, "GET"));
    const char* const what =
        administers ? "; there are /, /v1/models, /v1/contracts, /v2, /healthz, /readyz, /readyz/MODEL, /metrics and "
                      "/openapi.json"
                    : " on this port; there are /v1/models/MODEL, /healthz, /readyz and /readyz/MODEL";
    return Share(
        Failing(Plane::kControl, absl::NotFoundError(absl::StrCat("there is nothing at ", head.path(), what))));
  };
  return route;
}

}  // namespace

HttpRouter RouterOf(const HttpRoutes& routes) {
  std::vector<HttpRoute> list;
  const auto add = [&list](std::vector<HttpRoute> more) {
    std::move(more.begin(), more.end(), std::back_inserter(list));
  };
  if (routes.management != nullptr) add(routes.management->Routes());
  if (routes.administers) add({ModelList(routes.managed, /*leaves_queries=*/routes.rest != nullptr)});
  if (routes.kserve != nullptr) add(routes.kserve->Routes());
  if (routes.contracts != nullptr) add(routes.contracts->Routes());
  if (routes.rest != nullptr) add(routes.rest->Routes());
  std::function<management::ListModelsResponse()> reasons;
  if (routes.administers && !routes.authorize) reasons = [managed = routes.managed] { return ListModels(managed); };
  add(HealthRoutes(routes.readiness, std::move(reasons)));
  if (routes.administers && routes.page != nullptr) add(routes.page->Routes());
  if (routes.administers && routes.metrics) add(MetricsRoutes(routes.metrics, routes.metrics_path));
  add({Nothing(routes.administers)});
  return HttpRouter(std::move(list), routes.authorize);
}

}  // namespace trilho

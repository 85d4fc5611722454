// What the HTTP port answers beside TF Serving's REST API.

#ifndef TRILHO_CPP_SERVER_SERVER_HTTP_ROUTES_H_
#define TRILHO_CPP_SERVER_SERVER_HTTP_ROUTES_H_

#include <functional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "cpp_server/contracts/contract_rest.h"
#include "cpp_server/http/http_handler.h"
#include "cpp_server/kserve/kserve_rest.h"
#include "cpp_server/rest/rest_service.h"
#include "cpp_server/server/http_management.h"
#include "cpp_server/server/management_service.h"
#include "cpp_server/server/readiness.h"
#include "cpp_server/status_page/status_page.h"

namespace trilho {

// All of it outlives the routes.
struct HttpRoutes {
  // Null where models are not asked.
  const RestService* rest = nullptr;
  const KServeRest* kserve = nullptr;
  const ContractRest* contracts = nullptr;
  // Null where they are not changed.
  const HttpManagement* management = nullptr;
  // Null where there is none.
  const StatusPage* page = nullptr;
  // Whether the port answers what is not for callers of models: the list of
  // models with their folders, and metrics.
  bool administers = true;
  ManagedServer managed;
  Readiness* readiness = nullptr;
  // Where --monitoring_config_file wants the metrics; empty: only at /metrics.
  std::string metrics_path;
  // The metrics in Prometheus' text format; may be empty.
  std::function<std::string()> metrics;
  // Names besides IP addresses and localhost that management may be asked under, see CheckSite.
  std::vector<std::string> allowed_hosts;
  // Asked before everything but health, readiness and the page; may be empty.
  std::function<absl::Status(const HttpRequestHead&)> authorize;
};

//   /v1/models                 every model (GET)
//   /v1/management/METHOD      see HttpManagement
//   /v1/contracts/...          see ContractRest
//   /v1/...                    TF Serving's REST API
//   /v2/...                    KServe's protocol
//   /healthz                   200 as long as the process answers
//   /readyz                    200 if the server is ready, see Readiness; the body
//                              says what each model lacks, or, where tokens or a
//                              port for management keep that from some, only how
//                              many of those that count lack a version
//   /readyz/MODEL              the same for one model
//   /metrics                   Prometheus' text format
//   /, /statusz, /openapi.json see StatusPage
HttpRoute RouteOf(const HttpRoutes& routes);

}  // namespace trilho

#endif  // TRILHO_CPP_SERVER_SERVER_HTTP_ROUTES_H_

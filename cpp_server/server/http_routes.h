// Everything that an HTTP port answers, in one list.

#ifndef TRILHO_CPP_SERVER_SERVER_HTTP_ROUTES_H_
#define TRILHO_CPP_SERVER_SERVER_HTTP_ROUTES_H_

#include <functional>
#include <string>

#include "cpp_server/contracts/contract_rest.h"
#include "cpp_server/http/http_router.h"
#include "cpp_server/kserve/kserve_rest.h"
#include "cpp_server/rest/rest_service.h"
#include "cpp_server/server/http_management.h"
#include "cpp_server/server/management_service.h"
#include "cpp_server/server/readiness.h"
#include "cpp_server/status_page/status_page.h"

namespace trilho {

// Parts of a server that a port serves. All of it outlives the router.
struct HttpRoutes {
  // Null where models are not asked.
  const RestService* rest = nullptr;
  const KServeRest* kserve = nullptr;
  const ContractRest* contracts = nullptr;
  // Null where they are not changed.
  const HttpManagement* management = nullptr;
  // Null where there is none.
  const StatusPage* page = nullptr;
  // True if the port answers what is not for callers of models: the page, the list of models with their folders, and
  // metrics.
  bool administers = true;
  ManagedServer managed;
  Readiness* readiness = nullptr;
  // Path where --monitoring_config_file wants the metrics; empty: only at /metrics.
  std::string metrics_path;
  // Returns the metrics in Prometheus' text format; may be empty.
  std::function<std::string()> metrics;
  // Asked before everything but health, readiness and the page; may be empty.
  HttpRouter::Authorizer authorize;
};

// Returns the router of a port. In its order:
//
//   /v1/management/METHOD      see HttpManagement
//   /v1/models                 every model (GET)
//   /v2/...                    see KServeRest
//   /v1/contracts/...          see ContractRest
//   /v1/...                    TF Serving's REST API
//   /healthz, /readyz/...      see HealthRoutes; readiness tells no reasons where
//                              tokens or a port for management keep them from some
//   /, /statusz, /openapi.json see StatusPage
//   /metrics                   Prometheus' text format
HttpRouter RouterOf(const HttpRoutes& routes);

}  // namespace trilho

#endif  // TRILHO_CPP_SERVER_SERVER_HTTP_ROUTES_H_

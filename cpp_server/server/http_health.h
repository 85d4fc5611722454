// Health and readiness over HTTP.

#ifndef TRILHO_CPP_SERVER_SERVER_HTTP_HEALTH_H_
#define TRILHO_CPP_SERVER_SERVER_HTTP_HEALTH_H_

#include <functional>
#include <vector>

#include "cpp_server/http/http_endpoint.h"
#include "cpp_server/server/readiness.h"
#include "trilho/management.pb.h"

namespace trilho {

// Returns the routes of probes, which need no token:
//
//   /healthz        200 as long as the process answers
//   /readyz         200 if the server is ready, see Readiness
//   /readyz/MODEL   the same for one model
//
// The body of the last two says what each model lacks or, where `models` is empty, only how many of those that count
// lack a version. `readiness` and what `models` uses outlive the routes.
std::vector<HttpRoute> HealthRoutes(Readiness* readiness, std::function<management::ListModelsResponse()> models);

}  // namespace trilho

#endif  // TRILHO_CPP_SERVER_SERVER_HTTP_HEALTH_H_

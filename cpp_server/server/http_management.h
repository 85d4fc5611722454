// A service over HTTP, each of its messages as JSON.

#ifndef TRILHO_CPP_SERVER_SERVER_HTTP_MANAGEMENT_H_
#define TRILHO_CPP_SERVER_SERVER_HTTP_MANAGEMENT_H_

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "cpp_server/http/http_call.h"
#include "cpp_server/http/http_endpoint.h"
#include "cpp_server/rpc/unary_call.h"

namespace trilho {

// POST /v1/management/METHOD with the request's message as JSON is answered with
// the response's; an empty body is a message without fields. Any other must say
// that it is application/json, or is answered 415. A request must come from the
// server's own site, see CheckSite. On the control plane. It outlives its routes.
class HttpManagement {
 public:
  // The descriptor of `service` must be linked in, and its handlers outlive this. `allowed_hosts` are names besides IP
  // addresses and localhost that management may be asked under.
  explicit HttpManagement(ServiceDefinition service, std::vector<std::string> allowed_hosts = {})
      : service_(std::move(service)), allowed_hosts_(std::move(allowed_hosts)) {}

  std::vector<HttpRoute> Routes() const;

 private:
  void Handle(const std::shared_ptr<HttpCall>& call) const;

  const ServiceDefinition service_;
  const std::vector<std::string> allowed_hosts_;
};

}  // namespace trilho

#endif  // TRILHO_CPP_SERVER_SERVER_HTTP_MANAGEMENT_H_

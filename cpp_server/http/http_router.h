// The router finds the endpoint that answers a request, and says who may make it.

#ifndef TRILHO_CPP_SERVER_HTTP_HTTP_ROUTER_H_
#define TRILHO_CPP_SERVER_HTTP_HTTP_ROUTER_H_

#include <functional>
#include <vector>

#include "absl/status/status.h"
#include "cpp_server/http/http_endpoint.h"

namespace trilho {

// An ordered list of routes. The front matches each request once, when its header has come; the endpoint that is found
// then says who may make the request, whether its body is read, which threads handle it, and by what. Thread-safe.
class HttpRouter {
 public:
  // Says whether a request has a token that is accepted; UNAUTHENTICATED or PERMISSION_DENIED if not. Quick.
  using Authorizer = std::function<absl::Status(const HttpRequestHead&)>;

  // Without `authorize` nobody needs a token.
  explicit HttpRouter(std::vector<HttpRoute> routes, Authorizer authorize = {});

  // Returns the endpoint of the first route that has the path and takes the request; one that answers 404 if there is
  // none. Never null.
  SharedEndpoint Match(const HttpRequestHead& head) const;

  // Says whether a request that `endpoint` was found for may be made. A browser's OPTIONS, which comes before the
  // request itself, needs no token.
  absl::Status Admit(const HttpEndpoint& endpoint, const HttpRequestHead& head) const;

 private:
  std::vector<HttpRoute> routes_;
  Authorizer authorize_;
  SharedEndpoint preflight_;
};

}  // namespace trilho

#endif  // TRILHO_CPP_SERVER_HTTP_HTTP_ROUTER_H_

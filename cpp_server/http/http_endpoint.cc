#include "cpp_server/http/http_endpoint.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "cpp_server/http/http_status.h"

namespace trilho {

HttpRoute GetRoute(std::string path, HttpEndpoint endpoint) {
  HttpEndpoint refusal = NotAllowed(endpoint.plane, "GET");
  refusal.is_open = endpoint.is_open;
  HttpRoute route;
  route.path = std::move(path);
  route.find = [found = Share(std::move(endpoint)), refusal = Share(std::move(refusal))](const HttpRequestHead& head) {
    return IsGet(head) ? found : refusal;
  };
  return route;
}

HttpEndpoint NotAllowed(Plane plane, std::string method) {
  HttpEndpoint endpoint;
  endpoint.plane = plane;
  endpoint.handle = [method = std::move(method)](const std::shared_ptr<HttpCall>& call) {
    HttpResponse response = ErrorResponse(405, absl::StrCat("405: use ", method, " for ", call->path()));
    response.headers.emplace_back("Allow", method == "GET" ? "GET, HEAD" : method);
    call->Reply(std::move(response));
  };
  return endpoint;
}

HttpEndpoint Failing(Plane plane, absl::Status error) {
  HttpEndpoint endpoint;
  endpoint.plane = plane;
  endpoint.handle = [error = std::move(error)](const std::shared_ptr<HttpCall>& call) {
    call->Reply(ErrorResponse(error));
  };
  return endpoint;
}

}  // namespace trilho

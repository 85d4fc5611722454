#include "cpp_server/http/http_router.h"

#include <memory>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "cpp_server/http/http_status.h"

namespace trilho {
namespace {

constexpr char kOptions[] = "OPTIONS";

// Answers a browser that asks whether a page of another site may send a request. The front itself adds what it allows.
void AnswerPreflight(const std::shared_ptr<HttpCall>& call) {
  if (absl::StrContains(call->header("Origin"), "://")) return call->Reply(HttpResponse());
  call->Reply(ErrorResponse(absl::InvalidArgumentError("OPTIONS needs the header Origin")));
}

bool HasPath(const HttpRoute& route, absl::string_view path) {
  return route.is_prefix ? absl::StartsWith(path, route.path) : path == route.path;
}

}  // namespace

HttpRouter::HttpRouter(std::vector<HttpRoute> routes, Authorizer authorize)
    : routes_(std::move(routes)), authorize_(std::move(authorize)) {
  HttpEndpoint preflight;
  preflight.handle = AnswerPreflight;
  preflight_ = Share(std::move(preflight));
}

SharedEndpoint HttpRouter::Match(const HttpRequestHead& head) const {
  for (const HttpRoute& route : routes_) {
    if (!HasPath(route, head.path())) continue;
    if (route.answers_preflight && head.method() == kOptions) return preflight_;
    SharedEndpoint endpoint = route.find(head);
    if (endpoint != nullptr) return endpoint;
  }
  return Share(Failing(Plane::kControl, absl::NotFoundError(absl::StrCat("there is nothing at ", head.path()))));
}

absl::Status HttpRouter::Admit(const HttpEndpoint& endpoint, const HttpRequestHead& head) const {
  if (endpoint.admit) {
    absl::Status admitted = endpoint.admit(head);
    if (!admitted.ok()) return admitted;
  }
  if (!authorize_ || endpoint.is_open || head.method() == kOptions) return absl::OkStatus();
  return authorize_(head);
}

}  // namespace trilho

// Endpoints answer requests: every protocol over HTTP describes its own in this one shape.

#ifndef TRILHO_CPP_SERVER_HTTP_HTTP_ENDPOINT_H_
#define TRILHO_CPP_SERVER_HTTP_HTTP_ENDPOINT_H_

#include <functional>
#include <memory>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "cpp_server/admission/plane.h"
#include "cpp_server/http/http_call.h"

namespace trilho {

// Answers one call, before it returns or later. A call that is let go without
// an answer is answered 500. Thread-safe.
using HttpHandler = std::function<void(std::shared_ptr<HttpCall>)>;

// Answers one request, or many of the same meaning. Constant once it is made; it outlives every call that it answers,
// and all that its functions use outlives it.
struct HttpEndpoint {
  // Threads that run `handle`.
  Plane plane = Plane::kControl;
  // True if callers need no token.
  bool is_open = false;
  // True if `handle` looks at the body. If not, the call begins with its header, and the body is dropped as it comes.
  bool takes_body = false;
  // Says whether the request may be made, its token apart. Called when the header has come and nothing of the body was
  // read; an error is the answer, and the body stays unread. May be empty. On the thread that serves all connections:
  // must be quick.
  std::function<absl::Status(const HttpRequestHead&)> admit;
  // Called again for a call that has been told to HandleAgain.
  HttpHandler handle;
  // Called, if set, for each request that the front answers with an error before `handle` could: it is not admitted,
  // there is no room for it, its rest does not come or cannot be read, or nobody waits any more. Its body is not to be
  // looked at. On any thread, also the one that serves all connections: must be quick.
  std::function<void(const HttpCall&, const absl::Status&)> refused;
};

using SharedEndpoint = std::shared_ptr<const HttpEndpoint>;

inline SharedEndpoint Share(HttpEndpoint endpoint) { return std::make_shared<const HttpEndpoint>(std::move(endpoint)); }

// One entry of a router's list: a path, and its endpoint.
struct HttpRoute {
  // Path as sent, not decoded: of one document or, if `is_prefix`, of all whose path begins with it.
  std::string path;
  bool is_prefix = false;
  // True if a browser may ask with OPTIONS whether its page may ask itself; the router answers that.
  bool answers_preflight = false;
  // Returns the endpoint of a request of this path. Null leaves the request to the routes behind this one. On the
  // thread that serves all connections: must be quick.
  std::function<SharedEndpoint(const HttpRequestHead&)> find;
};

// True for the methods that only read.
inline bool IsGet(const HttpRequestHead& head) { return head.method() == "GET" || head.method() == "HEAD"; }

// Returns a route whose GET `endpoint` answers. Other methods are answered 405, on the same plane, and open if it is.
HttpRoute GetRoute(std::string path, HttpEndpoint endpoint);

// Returns an endpoint that answers 405 and names `method`, GET or POST, as the one to use.
HttpEndpoint NotAllowed(Plane plane, std::string method);

// Returns an endpoint that answers every request with `error`.
HttpEndpoint Failing(Plane plane, absl::Status error);

}  // namespace trilho

#endif  // TRILHO_CPP_SERVER_HTTP_HTTP_ENDPOINT_H_

// How the HTTP front reaches what it serves.

#ifndef TRILHO_CPP_SERVER_HTTP_HTTP_HANDLER_H_
#define TRILHO_CPP_SERVER_HTTP_HTTP_HANDLER_H_

#include <functional>
#include <memory>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "cpp_server/http/http_call.h"

namespace trilho {

// Answers one call, before it returns or later. A call that is let go without
// an answer is answered 500. Thread-safe.
using HttpHandler = std::function<void(std::shared_ptr<HttpCall>)>;

// Which threads run a handler. The control plane answers while every thread of
// the data plane is busy, so it must never do the work of a model. Probes, which
// ask whether the server is well, have a thread of their own: no document that
// takes long to make holds them up. What is instant, as the answer that the server
// lives, is handled on the thread that serves all connections, and waits for nothing.
enum class HttpPlane { kData, kControl, kProbe, kInstant };

struct HttpRoute {
  // Of a method and a path as HttpCall has them. On the thread that serves all
  // connections: must be quick.
  std::function<HttpPlane(absl::string_view method, absl::string_view path)> plane;
  // Says whether a request may be made, e.g. whether it has a token. It is asked
  // when the header has come and nothing of the body was read; an error is the
  // answer, and the body stays unread. May be empty. On the thread that serves
  // all connections: must be quick.
  std::function<absl::Status(const HttpRequestHead&)> admit;
  // Says whether the handler looks at the body of a request. If not, the call
  // begins with its header, and the body is dropped as it comes. May be empty:
  // then every handler does. On the thread that serves all connections: must be
  // quick.
  std::function<bool(const HttpRequestHead&)> takes_body;
  HttpHandler handler;
  // Told, if set, of every request whose first line had come and that the front
  // answers with an error before `handler` could: it is not admitted, there is no
  // room for it, its rest does not come or cannot be read, or nobody waits any more. Its
  // body is not to be looked at. On any thread, also the one that serves all
  // connections: must be quick.
  std::function<void(const HttpCall&, const absl::Status&)> refused;
};

}  // namespace trilho

#endif  // TRILHO_CPP_SERVER_HTTP_HTTP_HANDLER_H_

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
// the data plane is busy, so it must never do the work of a model.
enum class HttpPlane { kData, kControl };

struct HttpRoute {
  // Of a method and a path as HttpCall has them. On the thread that serves all
  // connections: must be quick.
  std::function<HttpPlane(absl::string_view method, absl::string_view path)> plane;
  // Sees a call first, when its body is not decompressed yet: false if it has
  // answered it, e.g. for want of a token. May be empty.
  std::function<bool(const std::shared_ptr<HttpCall>&)> admit;
  HttpHandler handler;
  // Told, if set, of every request whose first line had come and that the front
  // answers with an error before `admit` or `handler` could: no room for it, a
  // rest that does not come or cannot be read, or nobody who waits any more. Its
  // body is not to be looked at. On any thread, also the one that serves all
  // connections: must be quick.
  std::function<void(const HttpCall&, const absl::Status&)> refused;
};

}  // namespace trilho

#endif  // TRILHO_CPP_SERVER_HTTP_HTTP_HANDLER_H_

// One request, as admission and handlers of the HTTP front see it.

#ifndef TRILHO_CPP_SERVER_HTTP_HTTP_CALL_H_
#define TRILHO_CPP_SERVER_HTTP_HTTP_CALL_H_

#include <atomic>
#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"

namespace trilho {

struct HttpResponse {
  int status = 200;
  std::string content_type = "application/json";
  std::string body;
  // Besides Content-Type, Content-Length and what the front adds itself.
  std::vector<std::pair<std::string, std::string>> headers;
  // Called, if set, right before the first byte is sent, on whatever thread: with OK, or with the error that is sent in
  // place of the response, as there is no room for it. Where nobody is there to be answered it is called with OK.
  std::function<void(const absl::Status& sent)> sending;
};

// The part of a request before its body.
class HttpRequestHead {
 public:
  virtual ~HttpRequestHead() = default;

  // "GET", "POST", ...
  virtual absl::string_view method() const = 0;
  // As sent, not decoded, without the query: "/v1/models/mnist:predict".
  virtual absl::string_view path() const = 0;
  // Behind "?", not decoded; empty if there is none.
  virtual absl::string_view query() const = 0;
  // Empty if there is none; `name` in any case.
  virtual absl::string_view header(absl::string_view name) const = 0;
  // Of the connection, e.g. "10.0.0.1:4711".
  virtual std::string peer() const = 0;
};

// One request. A handler must see to it that exactly one of Reply and HandleAgain
// is called, once, on any thread, now or later; the call is gone after that, or
// another handler's.
class HttpCall : public HttpRequestHead {
 public:
  // Decompressed if it was sent with Content-Encoding: gzip; empty if HttpEndpoint::takes_body is false.
  virtual absl::string_view body() const = 0;
  // When it had come, before it waited for a thread.
  virtual std::chrono::steady_clock::time_point arrived() const = 0;
  // When the front answers 504 by itself; time_point::max() if never.
  virtual std::chrono::steady_clock::time_point deadline() const = 0;
  // True once the client has gone or the deadline was answered for it; Reply must still be called.
  virtual std::shared_ptr<const std::atomic<bool>> cancelled() const = 0;

  virtual void Reply(HttpResponse response) = 0;

  // Has the handler called once more, on a thread of the call's plane, in place of Reply.
  virtual void HandleAgain() = 0;
};

}  // namespace trilho

#endif  // TRILHO_CPP_SERVER_HTTP_HTTP_CALL_H_

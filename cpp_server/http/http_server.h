// The HTTP front: ports, threads, and the way from bytes to a handler.

#ifndef TRILHO_CPP_SERVER_HTTP_HTTP_SERVER_H_
#define TRILHO_CPP_SERVER_HTTP_HTTP_SERVER_H_

#include <chrono>
#include <memory>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "cpp_server/http/http_options.h"
#include "cpp_server/http/http_router.h"

namespace trilho {

// Serves HTTP/1.1 and HTTP/1.0, plain or over TLS 1.2 and newer. One thread
// does all input and output and keeps the deadlines; handlers run on threads
// of their plane only, so that neither plane can keep the front from
// answering. HEAD comes to handlers as GET. Errors of the front itself are
// answered as {"error": "..."}.
class HttpServer {
 public:
  using Options = HttpOptions;

  // Listens and answers at once. INVALID_ARGUMENT for options that make no
  // sense, among them keys and certificates; UNAVAILABLE if the port cannot be
  // had, e.g. since another process has it.
  static absl::StatusOr<std::unique_ptr<HttpServer>> Start(Options options, HttpRouter router);
  // Shuts down at once if Shutdown was not called; waits until every call is
  // answered and no handler runs. Not on a thread of a handler.
  ~HttpServer();
  HttpServer(const HttpServer&) = delete;
  HttpServer& operator=(const HttpServer&) = delete;

  int port() const;

  // For connections that begin after it returns; others keep what they have.
  // FAILED_PRECONDITION if the server was started without TLS, INVALID_ARGUMENT
  // for a bad key or certificate; then nothing changes. Thread-safe.
  absl::Status SetTls(const HttpTlsOptions& tls);

  // Takes no new connections, closes those that are idle, and answers what is
  // under way, for `grace` at most; then closes every connection and drops calls
  // that no handler has seen. Called once, from any thread but a handler's.
  // False if handlers still hold calls then: they cannot be interrupted, and the
  // destructor will wait for them.
  bool Shutdown(std::chrono::milliseconds grace);

  // Calls of the data plane that wait for a thread.
  size_t waiting_calls() const;

 private:
  class Impl;
  explicit HttpServer(std::shared_ptr<Impl> impl);

  const std::shared_ptr<Impl> impl_;
};

}  // namespace trilho

#endif  // TRILHO_CPP_SERVER_HTTP_HTTP_SERVER_H_

// Keys and certificates as OpenSSL has them.

#ifndef TRILHO_CPP_SERVER_HTTP_TLS_CONTEXT_H_
#define TRILHO_CPP_SERVER_HTTP_TLS_CONTEXT_H_

#include <memory>

#include "absl/status/statusor.h"
#include "boost/asio/ssl/context.hpp"
#include "cpp_server/http/http_options.h"

namespace trilho {

// Of a server. INVALID_ARGUMENT, naming what is wrong with which of `options`.
absl::StatusOr<std::shared_ptr<boost::asio::ssl::context>> MakeTlsContext(const HttpTlsOptions& options);

}  // namespace trilho

#endif  // TRILHO_CPP_SERVER_HTTP_TLS_CONTEXT_H_

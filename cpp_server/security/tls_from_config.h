// --ssl_config_file, as each front wants it.

#ifndef TRILHO_CPP_SERVER_SECURITY_TLS_FROM_CONFIG_H_
#define TRILHO_CPP_SERVER_SECURITY_TLS_FROM_CONFIG_H_

#include "cpp_server/http/http_options.h"
#include "cpp_server/security/tls_identity.h"
#include "tensorflow_serving/config/ssl_config.pb.h"

namespace trilho {

// For RotatingCredentials.
TlsIdentity TlsIdentityOf(const tensorflow::serving::SSLConfig& config);

// For HttpServer, its options and its SetTls.
HttpTlsOptions HttpTlsOptionsOf(const tensorflow::serving::SSLConfig& config);

}  // namespace trilho

#endif  // TRILHO_CPP_SERVER_SECURITY_TLS_FROM_CONFIG_H_

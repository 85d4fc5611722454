#include "cpp_server/security/tls_from_config.h"

namespace trilho {

TlsIdentity TlsIdentityOf(const tensorflow::serving::SSLConfig& config) {
  TlsIdentity identity;
  identity.private_key_pem = config.server_key();
  identity.certificate_chain_pem = config.server_cert();
  identity.client_ca_pem = config.custom_ca();
  identity.verify_clients = config.client_verify();
  return identity;
}

HttpTlsOptions HttpTlsOptionsOf(const tensorflow::serving::SSLConfig& config) {
  HttpTlsOptions options;
  options.private_key = config.server_key();
  options.certificate_chain = config.server_cert();
  options.client_ca = config.custom_ca();
  options.verify_client = config.client_verify();
  return options;
}

}  // namespace trilho

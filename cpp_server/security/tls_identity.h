// What a server shows of itself in a TLS handshake, and what it wants to see.

#ifndef TRILHO_CPP_SERVER_SECURITY_TLS_IDENTITY_H_
#define TRILHO_CPP_SERVER_SECURITY_TLS_IDENTITY_H_

#include <string>

#include "absl/status/status.h"

namespace trilho {

// All in PEM, the text itself and not the name of a file.
struct TlsIdentity {
  // Not encrypted.
  std::string private_key_pem;
  // The server's certificate first, then those that signed it.
  std::string certificate_chain_pem;
  // Who signs clients' certificates; needed for verify_clients only.
  std::string client_ca_pem;
  // Refuses clients without a certificate of client_ca_pem.
  bool verify_clients = false;
};

// Whether OpenSSL takes it all. INVALID_ARGUMENT, naming what is wrong, for a key or certificate that is missing, not
// PEM, encrypted or too weak for OpenSSL's security level, for a key that is another certificate's, and for
// verify_clients without a CA. Dates are not looked at: clocks differ, and clients look at them. Thread-safe.
absl::Status CheckTlsIdentity(const TlsIdentity& identity);

}  // namespace trilho

#endif  // TRILHO_CPP_SERVER_SECURITY_TLS_IDENTITY_H_

// gRPC's side of TLS, with certificates that are replaced while the server runs.

#ifndef TRILHO_CPP_SERVER_SECURITY_ROTATING_CREDENTIALS_H_
#define TRILHO_CPP_SERVER_SECURITY_ROTATING_CREDENTIALS_H_

#include <memory>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "cpp_server/security/tls_identity.h"
#include "grpcpp/security/server_credentials.h"

namespace trilho {

class TlsIdentitySource;

// Credentials of TLS 1.2 and newer that ask for the identity at each handshake. They stand on the part of gRPC's C API
// that is made for this and is not experimental, the certificate config fetcher: it takes effect with the next
// connection, where a FileWatcherCertificateProvider polls files and may read a key and a certificate that do not
// belong together.
//
// Thread-safe. It may go, and so may the credentials, while a server still uses them: the server then keeps the
// identity that it had last.
//
// gRPC replaces what handshakes are made from in the thread that accepts a connection, and would do so under another
// thread's hands if a port had several listening sockets. It has one, provided that GRPC_ARG_ALLOW_REUSEPORT is 0 and
// that the address is an address and not a name that stands for several.
class RotatingCredentials {
 public:
  // INVALID_ARGUMENT as CheckTlsIdentity has it.
  static absl::StatusOr<std::unique_ptr<RotatingCredentials>> Create(const TlsIdentity& identity);
  ~RotatingCredentials();
  RotatingCredentials(const RotatingCredentials&) = delete;
  RotatingCredentials& operator=(const RotatingCredentials&) = delete;

  // For any number of ports of any number of servers. An AuthMetadataProcessor that is set there is ignored.
  std::shared_ptr<grpc::ServerCredentials> credentials() const { return credentials_; }

  // For connections that begin after it returns; others keep what they have. Nothing changes if it fails:
  // INVALID_ARGUMENT as Create; FAILED_PRECONDITION if it changes verify_clients, which gRPC fixes when it listens.
  absl::Status Set(const TlsIdentity& identity);

 private:
  explicit RotatingCredentials(std::shared_ptr<TlsIdentitySource> source);

  const std::shared_ptr<TlsIdentitySource> source_;
  const std::shared_ptr<grpc::ServerCredentials> credentials_;
};

}  // namespace trilho

#endif  // TRILHO_CPP_SERVER_SECURITY_ROTATING_CREDENTIALS_H_

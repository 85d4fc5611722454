// TLS of the ports, each by a file of its own.

#ifndef TRILHO_CPP_SERVER_SERVER_SERVER_TLS_H_
#define TRILHO_CPP_SERVER_SERVER_SERVER_TLS_H_

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/types/optional.h"
#include "cpp_server/http/http_server.h"
#include "cpp_server/security/certificate_table.h"
#include "grpcpp/security/server_credentials.h"

namespace trilho {

// Files of SSLConfig; a port whose file is empty speaks plain text. They may be one file.
struct TlsFiles {
  // --ssl_config_file: gRPC's port and UNIX socket, as in TF Serving.
  std::string grpc;
  // --rest_api_ssl_config_file
  std::string rest;
  // --management_ssl_config_file
  std::string management;
};

enum class TlsPort { kGrpc, kRest, kManagement };

// Returns the flag that names the file of a port.
const char* TlsFlag(TlsPort port);

// What the files say, and what they come to say while the server runs.
class ServerTls {
 public:
  // Errors are ReadSslConfigFile's and CheckTlsIdentity's.
  static absl::StatusOr<std::unique_ptr<ServerTls>> Load(const TlsFiles& files);
  ~ServerTls();
  ServerTls(const ServerTls&) = delete;
  ServerTls& operator=(const ServerTls&) = delete;

  // What to start the fronts with; null or absent for one that speaks plain text.
  std::shared_ptr<grpc::ServerCredentials> grpc_credentials() const;
  absl::optional<HttpTlsOptions> http_options(TlsPort port) const;

  // From now on a change of a file reaches gRPC and these, which may be null and outlive this, for connections that
  // begin after it. Ports that have one file change together, or not at all.
  // RESOURCE_EXHAUSTED if there is no thread to look.
  absl::Status Watch(HttpServer* rest, HttpServer* management);

  bool Speaks(TlsPort port) const { return FileOf(port) != nullptr; }
  // Returns how a port was started: "plain text", or its file and when its certificate expires.
  std::string Describe(TlsPort port) const;

  // Of the ports that speak TLS. May outlive this.
  std::shared_ptr<const CertificateTable> certificates() const { return certificates_; }

 private:
  class File;

  ServerTls() = default;

  // Does nothing if `path` is empty.
  absl::Status Open(TlsPort port, const std::string& path);
  // Null for plain text.
  File* FileOf(TlsPort port) const;

  const std::shared_ptr<CertificateTable> certificates_ = std::make_shared<CertificateTable>();
  std::vector<std::unique_ptr<File>> files_;
  std::map<TlsPort, File*> ports_;
};

}  // namespace trilho

#endif  // TRILHO_CPP_SERVER_SERVER_SERVER_TLS_H_

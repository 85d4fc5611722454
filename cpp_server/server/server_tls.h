// TLS of every port, by one file.

#ifndef TRILHO_CPP_SERVER_SERVER_SERVER_TLS_H_
#define TRILHO_CPP_SERVER_SERVER_SERVER_TLS_H_

#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "cpp_server/http/http_server.h"
#include "cpp_server/security/certificate_watcher.h"
#include "cpp_server/security/rotating_credentials.h"
#include "tensorflow_serving/config/ssl_config.pb.h"

namespace trilho {

// What --ssl_config_file says, and what it comes to say while the server runs.
class ServerTls {
 public:
  // Errors are ReadSslConfigFile's and CheckTlsIdentity's.
  static absl::StatusOr<std::unique_ptr<ServerTls>> Load(const std::string& path);

  // What to start the fronts with.
  std::shared_ptr<grpc::ServerCredentials> credentials() const { return credentials_->credentials(); }
  HttpTlsOptions http_options() const;

  // From now on a change of the file reaches gRPC and `fronts`, which outlive
  // this, for connections that begin after it.
  void Watch(std::vector<HttpServer*> fronts);

 private:
  ServerTls(std::string path, tensorflow::serving::SSLConfig config, std::unique_ptr<RotatingCredentials> credentials)
      : path_(std::move(path)), config_(std::move(config)), credentials_(std::move(credentials)) {}

  const std::string path_;
  // As at the start.
  const tensorflow::serving::SSLConfig config_;
  const std::unique_ptr<RotatingCredentials> credentials_;
  std::unique_ptr<CertificateWatcher> watcher_;
};

}  // namespace trilho

#endif  // TRILHO_CPP_SERVER_SERVER_SERVER_TLS_H_

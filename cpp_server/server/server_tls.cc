#include "cpp_server/server/server_tls.h"

#include <chrono>
#include <utility>

#include "cpp_server/config/ssl_config.h"
#include "cpp_server/security/tls_from_config.h"

namespace trilho {
namespace {

using tensorflow::serving::SSLConfig;

constexpr std::chrono::seconds kPeriod(1);

}  // namespace

absl::StatusOr<std::unique_ptr<ServerTls>> ServerTls::Load(const std::string& path) {
  auto config = ReadSslConfigFile(path);
  if (!config.ok()) return config.status();
  auto credentials = RotatingCredentials::Create(TlsIdentityOf(*config));
  if (!credentials.ok()) return credentials.status();
  return std::unique_ptr<ServerTls>(new ServerTls(path, *std::move(config), *std::move(credentials)));
}

HttpTlsOptions ServerTls::http_options() const { return HttpTlsOptionsOf(config_); }

void ServerTls::Watch(std::vector<HttpServer*> fronts) {
  const auto take = [this, fronts = std::move(fronts)](const SSLConfig& config) {
    // It is the stricter one: what gRPC takes, HTTP takes.
    absl::Status taken = credentials_->Set(TlsIdentityOf(config));
    if (!taken.ok()) return taken;
    for (HttpServer* const front : fronts) taken.Update(front->SetTls(HttpTlsOptionsOf(config)));
    return taken;
  };
  watcher_ = std::make_unique<CertificateWatcher>(path_, kPeriod, config_, take);
}

}  // namespace trilho

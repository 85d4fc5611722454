#include "cpp_server/server/server_tls.h"

#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "cpp_server/config/ssl_config.h"
#include "cpp_server/security/certificate_dates.h"
#include "cpp_server/security/certificate_watcher.h"
#include "cpp_server/security/rotating_credentials.h"
#include "cpp_server/security/tls_from_config.h"
#include "cpp_server/security/tls_identity.h"

namespace trilho {

using tensorflow::serving::SSLConfig;

// One file, and the ports that it is for.
class ServerTls::File {
 public:
  static absl::StatusOr<std::unique_ptr<File>> Load(const std::string& flag, const std::string& path,
                                                    std::shared_ptr<CertificateTable> certificates) {
    auto config = ReadSslConfigFile(flag, path);
    if (!config.ok()) return config.status();
    absl::Status checked = CheckTlsIdentity(TlsIdentityOf(*config));
    if (!checked.ok()) return checked;
    const auto dates = DatesOfChain(config->server_cert());
    if (!dates.ok()) return dates.status();
    std::unique_ptr<File> file(new File());
    file->dates_ = *dates;
    file->flag_ = flag;
    file->path_ = path;
    file->config_ = *std::move(config);
    file->certificates_ = std::move(certificates);
    return file;
  }

  const std::string& path() const { return path_; }
  std::shared_ptr<grpc::ServerCredentials> credentials() const { return credentials_->credentials(); }
  HttpTlsOptions http_options() const { return HttpTlsOptionsOf(config_); }

  // `port` shows the certificate of this file.
  absl::Status Serve(TlsPort port) {
    if (port == TlsPort::kGrpc) {
      auto credentials = RotatingCredentials::Create(TlsIdentityOf(config_));
      if (!credentials.ok()) return credentials.status();
      credentials_ = *std::move(credentials);
    }
    ports_.emplace_back(port == TlsPort::kGrpc ? "grpc" : port == TlsPort::kRest ? "rest" : "management");
    certificates_->Set(ports_.back(), dates_);
    return absl::OkStatus();
  }

  std::string Describe() const {
    return absl::StrCat("TLS of ", path_, ", whose certificate ", DescribeDates(dates_, absl::Now()),
                        config_.client_verify() ? "; clients need a certificate" : "");
  }

  void Add(HttpServer* front) {
    if (front != nullptr) fronts_.push_back(front);
  }

  absl::Status Watch() {
    CertificateWatcher::Options options;
    options.flag = flag_;
    options.path = path_;
    watcher_ = std::make_unique<CertificateWatcher>(std::move(options), config_,
                                                    [this](const SSLConfig& config) { return Take(config); });
    return watcher_->status();
  }

 private:
  File() = default;

  absl::Status Take(const SSLConfig& config) {
    const TlsIdentity identity = TlsIdentityOf(config);
    // It is the stricter one: what gRPC takes, HTTP takes.
    absl::Status taken = credentials_ == nullptr ? CheckTlsIdentity(identity) : credentials_->Set(identity);
    if (!taken.ok()) return taken;
    for (HttpServer* const front : fronts_) taken.Update(front->SetTls(HttpTlsOptionsOf(config)));
    const auto dates = DatesOfChain(config.server_cert());
    taken.Update(dates.status());
    if (!taken.ok()) return taken;
    for (const std::string& port : ports_) certificates_->Set(port, *dates);
    return taken;
  }

  std::string flag_;
  std::string path_;
  // As at the start.
  SSLConfig config_;
  CertificateDates dates_;
  std::shared_ptr<CertificateTable> certificates_;
  // Their names in the table.
  std::vector<std::string> ports_;
  // Null if the file is not gRPC's.
  std::unique_ptr<RotatingCredentials> credentials_;
  std::vector<HttpServer*> fronts_;
  // Last, as its thread uses the rest.
  std::unique_ptr<CertificateWatcher> watcher_;
};

const char* TlsFlag(TlsPort port) {
  switch (port) {
    case TlsPort::kGrpc:
      return "--ssl_config_file";
    case TlsPort::kRest:
      return "--rest_api_ssl_config_file";
    case TlsPort::kManagement:
      break;
  }
  return "--management_ssl_config_file";
}

ServerTls::~ServerTls() = default;

ServerTls::File* ServerTls::FileOf(TlsPort port) const {
  const auto found = ports_.find(port);
  return found == ports_.end() ? nullptr : found->second;
}

absl::Status ServerTls::Open(TlsPort port, const std::string& path) {
  if (path.empty()) return absl::OkStatus();
  for (const auto& known : files_) {
    if (known->path() == path) ports_[port] = known.get();
  }
  if (!Speaks(port)) {
    auto file = File::Load(TlsFlag(port), path, certificates_);
    if (!file.ok()) return file.status();
    files_.push_back(*std::move(file));
    ports_[port] = files_.back().get();
  }
  return FileOf(port)->Serve(port);
}

absl::StatusOr<std::unique_ptr<ServerTls>> ServerTls::Load(const TlsFiles& files) {
  std::unique_ptr<ServerTls> tls(new ServerTls());
  absl::Status status = tls->Open(TlsPort::kGrpc, files.grpc);
  if (status.ok()) status = tls->Open(TlsPort::kRest, files.rest);
  if (status.ok()) status = tls->Open(TlsPort::kManagement, files.management);
  if (!status.ok()) return status;
  return tls;
}

std::shared_ptr<grpc::ServerCredentials> ServerTls::grpc_credentials() const {
  return Speaks(TlsPort::kGrpc) ? FileOf(TlsPort::kGrpc)->credentials() : nullptr;
}

absl::optional<HttpTlsOptions> ServerTls::http_options(TlsPort port) const {
  return Speaks(port) ? absl::make_optional(FileOf(port)->http_options()) : absl::nullopt;
}

absl::Status ServerTls::Watch(HttpServer* rest, HttpServer* management) {
  if (Speaks(TlsPort::kRest)) FileOf(TlsPort::kRest)->Add(rest);
  if (Speaks(TlsPort::kManagement)) FileOf(TlsPort::kManagement)->Add(management);
  absl::Status watched;
  for (const auto& file : files_) watched.Update(file->Watch());
  return watched;
}

std::string ServerTls::Describe(TlsPort port) const { return Speaks(port) ? FileOf(port)->Describe() : "plain text"; }

}  // namespace trilho

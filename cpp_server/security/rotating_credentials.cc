#include "cpp_server/security/rotating_credentials.h"

#include <cstdint>
#include <deque>
#include <string>
#include <utility>

#include "cpp_server/core/mutex.h"
#include "grpc/grpc.h"
#include "grpc/grpc_security.h"

namespace trilho {

// The identity in force.
class TlsIdentitySource {
 public:
  explicit TlsIdentitySource(TlsIdentity identity)
      : verify_clients_(identity.verify_clients), identity_(std::move(identity)) {}

  bool verify_clients() const { return verify_clients_; }

  void Set(const TlsIdentity& identity) EXCLUDES(mu_) {
    MutexLock lock(&mu_);
    identity_ = identity;
    ++generation_;
  }

  // gRPC's copy of the identity if it is a later one than `*seen`, which it then becomes; else null.
  grpc_ssl_server_certificate_config* GetIfNew(uint64_t* seen) EXCLUDES(mu_) {
    MutexLock lock(&mu_);
    if (*seen == generation_) return nullptr;
    *seen = generation_;
    const grpc_ssl_pem_key_cert_pair pair{identity_.private_key_pem.c_str(), identity_.certificate_chain_pem.c_str()};
    // gRPC aborts if there is no CA at all; it does not look at it if clients are not verified.
    const std::string& client_ca = verify_clients_ ? identity_.client_ca_pem : identity_.certificate_chain_pem;
    return grpc_ssl_server_certificate_config_create(client_ca.c_str(), &pair, 1);
  }

 private:
  const bool verify_clients_;
  Mutex mu_;
  TlsIdentity identity_ GUARDED_BY(mu_);
  uint64_t generation_ GUARDED_BY(mu_) = 1;
};

namespace {

// A listening port, and what it has seen of the identity.
class Port {
 public:
  explicit Port(std::weak_ptr<TlsIdentitySource> source) : source_(std::move(source)) {}

  // gRPC's grpc_ssl_server_certificate_config_callback.
  static grpc_ssl_certificate_config_reload_status Fetch(void* port, grpc_ssl_server_certificate_config** config) {
    return static_cast<Port*>(port)->Fetch(config);
  }

 private:
  grpc_ssl_certificate_config_reload_status Fetch(grpc_ssl_server_certificate_config** config) EXCLUDES(mu_) {
    const std::shared_ptr<TlsIdentitySource> source = source_.lock();
    if (source == nullptr) return GRPC_SSL_CERTIFICATE_CONFIG_RELOAD_UNCHANGED;
    MutexLock lock(&mu_);
    *config = source->GetIfNew(&seen_);
    return *config == nullptr ? GRPC_SSL_CERTIFICATE_CONFIG_RELOAD_UNCHANGED : GRPC_SSL_CERTIFICATE_CONFIG_RELOAD_NEW;
  }

  const std::weak_ptr<TlsIdentitySource> source_;
  Mutex mu_;
  uint64_t seen_ GUARDED_BY(mu_) = 0;
};

// Ports are kept for good: gRPC does not tell when it has asked for the last time, which may be after its server was
// destroyed. They are few, and hold no keys.
class Ports {
 public:
  static Port* Add(std::weak_ptr<TlsIdentitySource> source) {
    static Ports& ports = *std::make_unique<Ports>().release();
    MutexLock lock(&ports.mu_);
    return &ports.ports_.emplace_back(std::move(source));
  }

 private:
  Mutex mu_;
  std::deque<Port> ports_ GUARDED_BY(mu_);
};

class Credentials final : public grpc::ServerCredentials {
 public:
  explicit Credentials(std::shared_ptr<TlsIdentitySource> source) : source_(std::move(source)) {}

  void SetAuthMetadataProcessor(const std::shared_ptr<grpc::AuthMetadataProcessor>& /*processor*/) override {}

 private:
  // Each port has credentials of its own: those of several would be asked by each, but hear only once that the
  // identity is new.
  int AddPortToServer(const std::string& address, grpc_server* server) override {
    grpc_server_credentials* const credentials =
        grpc_ssl_server_credentials_create_with_options(grpc_ssl_server_credentials_create_options_using_config_fetcher(
            source_->verify_clients() ? GRPC_SSL_REQUEST_AND_REQUIRE_CLIENT_CERTIFICATE_AND_VERIFY
                                      : GRPC_SSL_DONT_REQUEST_CLIENT_CERTIFICATE,
            &Port::Fetch, Ports::Add(source_)));
    const int port = grpc_server_add_http2_port(server, address.c_str(), credentials);
    // The server has its own reference.
    grpc_server_credentials_release(credentials);
    return port;
  }

  const std::shared_ptr<TlsIdentitySource> source_;
};

}  // namespace

RotatingCredentials::RotatingCredentials(std::shared_ptr<TlsIdentitySource> source)
    : source_(std::move(source)), credentials_(std::make_shared<Credentials>(source_)) {}

RotatingCredentials::~RotatingCredentials() = default;

absl::StatusOr<std::unique_ptr<RotatingCredentials>> RotatingCredentials::Create(const TlsIdentity& identity) {
  absl::Status status = CheckTlsIdentity(identity);
  if (!status.ok()) return status;
  return std::unique_ptr<RotatingCredentials>(new RotatingCredentials(std::make_shared<TlsIdentitySource>(identity)));
}

absl::Status RotatingCredentials::Set(const TlsIdentity& identity) {
  if (identity.verify_clients != source_->verify_clients()) {
    return absl::FailedPreconditionError(
        "TLS: whether clients' certificates are verified cannot be changed without a restart");
  }
  absl::Status status = CheckTlsIdentity(identity);
  if (status.ok()) source_->Set(identity);
  return status;
}

}  // namespace trilho

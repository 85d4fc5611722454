// TLS of a gRPC server, and how its certificates are replaced.

#include "cpp_server/security/rotating_credentials.h"

#include <atomic>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "cpp_server/http/http_test_client.h"
#include "cpp_server/http/tls_for_test.h"
#include "cpp_server/rpc/grpc_server.h"
#include "cpp_server/rpc/test_client.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace trilho {
namespace {

using ::testing::HasSubstr;

constexpr char kAsk[] = "/trilho.Test/Ask";
constexpr char kServerName[] = "server.example";

// Who signs the certificates of servers and clients at some time.
struct Authority {
  explicit Authority(const std::string& name) : self(name), server(kServerName, &self), client("client", &self) {}

  // Of a server that lets in everybody, or clients of this authority only.
  TlsIdentity Identity(bool verify_clients = false) const {
    return {server.KeyPem(), server.CertificatePem(), verify_clients ? self.CertificatePem() : "", verify_clients};
  }

  const TestIdentity self;
  const TestIdentity server;
  const TestIdentity client;
};

// A channel with a connection of its own that trusts `authority` and, with `client`, shows a certificate.
std::shared_ptr<grpc::Channel> TlsChannel(const std::string& address, const Authority& authority,
                                          const TestIdentity* client = nullptr) {
  grpc::SslCredentialsOptions tls;
  tls.pem_root_certs = authority.self.CertificatePem();
  if (client != nullptr) {
    tls.pem_private_key = client->KeyPem();
    tls.pem_cert_chain = client->CertificatePem();
  }
  grpc::ChannelArguments arguments;
  arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
  arguments.SetSslTargetNameOverride(kServerName);
  return grpc::CreateCustomChannel(address, grpc::SslCredentials(tls), arguments);
}

// A client of OpenSSL's that speaks HTTP/2 and trusts anybody.
SslContextPtr RawContext() {
  SslContextPtr context(SSL_CTX_new(TLS_client_method()));
  static constexpr unsigned char kHttp2[] = {2, 'h', '2'};
  SSL_CTX_set_alpn_protos(context.get(), kHttp2, sizeof(kHttp2));
  return context;
}

class RotatingCredentialsTest : public ::testing::Test {
 protected:
  void Serve(const TlsIdentity& identity, const std::string& socket_path = "") {
    auto credentials = RotatingCredentials::Create(identity);
    ASSERT_TRUE(credentials.ok()) << credentials.status();
    credentials_ = *std::move(credentials);
    GrpcServer::Options options;
    options.port = 0;
    options.socket_path = socket_path;
    options.credentials = credentials_->credentials();
    const auto ask = [](UnaryCall* call) { call->Reply("asked"); };
    auto server = GrpcServer::Start(options, {{"trilho.Test", {{"Ask", Plane::kControl, ask}}}});
    ASSERT_TRUE(server.ok()) << server.status();
    server_ = *std::move(server);
  }

  std::string Address() const { return absl::StrCat("127.0.0.1:", server_->port()); }

  static bool Answers(const std::shared_ptr<grpc::Channel>& channel) {
    const auto [status, response] = RawCall(channel, kAsk, "");
    EXPECT_TRUE(status.ok() ? response == "asked" : status.error_code() == grpc::StatusCode::UNAVAILABLE)
        << status.error_message();
    return status.ok();
  }
  bool AnswersNew(const Authority& authority, const TestIdentity* client = nullptr) const {
    return Answers(TlsChannel(Address(), authority, client));
  }

  const Authority old_{"old"};
  const Authority new_{"new"};
  std::unique_ptr<RotatingCredentials> credentials_;
  std::unique_ptr<GrpcServer> server_;
};

TEST_F(RotatingCredentialsTest, ServesThoseWhoTrustIt) {
  Serve(old_.Identity());
  EXPECT_TRUE(AnswersNew(old_));
  EXPECT_TRUE(AnswersNew(old_, &new_.client)) << "nobody asked for the client's certificate";
  EXPECT_FALSE(AnswersNew(new_));
  EXPECT_FALSE(Answers(grpc::CreateChannel(Address(), grpc::InsecureChannelCredentials())));
}

TEST_F(RotatingCredentialsTest, SpeaksTls12AndNewerAndHttp2Only) {
  Serve(old_.Identity());
  const SslContextPtr context = RawContext();
  // Else OpenSSL would not speak the old ones itself.
  SSL_CTX_set_security_level(context.get(), 0);
  for (const auto& [version, is_spoken] : std::vector<std::pair<int, bool>>{
           {TLS1_VERSION, false}, {TLS1_1_VERSION, false}, {TLS1_2_VERSION, true}, {TLS1_3_VERSION, true}}) {
    SSL_CTX_set_min_proto_version(context.get(), version);
    SSL_CTX_set_max_proto_version(context.get(), version);
    HttpTestClient client(server_->port());
    EXPECT_EQ(client.StartTls(context.get()), is_spoken) << std::hex << version;
    const unsigned char* chosen = nullptr;
    unsigned size = 0;
    SSL_get0_alpn_selected(client.tls(), &chosen, &size);
    EXPECT_EQ(std::string(reinterpret_cast<const char*>(chosen), size), is_spoken ? "h2" : "") << std::hex << version;
  }
  static constexpr unsigned char kHttp1[] = "\x08http/1.1";
  const SslContextPtr http1 = RawContext();
  SSL_CTX_set_alpn_protos(http1.get(), kHttp1, sizeof(kHttp1) - 1);
  HttpTestClient client(server_->port());
  EXPECT_TRUE(!client.StartTls(http1.get()) || client.IsClosed());
}

TEST_F(RotatingCredentialsTest, LetsInKnownClientsOnlyIfAskedTo) {
  Serve(old_.Identity(true));
  EXPECT_TRUE(AnswersNew(old_, &old_.client));
  EXPECT_FALSE(AnswersNew(old_));
  EXPECT_FALSE(AnswersNew(old_, &new_.client));
  EXPECT_FALSE(Answers(grpc::CreateChannel(Address(), grpc::InsecureChannelCredentials())));
}

TEST_F(RotatingCredentialsTest, NewConnectionsGetTheNewCertificateAndOpenOnesGoOn) {
  Serve(old_.Identity());
  const auto open = TlsChannel(Address(), old_);
  ASSERT_TRUE(Answers(open));

  EXPECT_TRUE(credentials_->Set(new_.Identity()).ok());
  EXPECT_TRUE(AnswersNew(new_));
  EXPECT_FALSE(AnswersNew(old_));
  // It trusts the old certificate alone, so that it cannot have connected anew.
  EXPECT_TRUE(Answers(open));

  EXPECT_TRUE(credentials_->Set(old_.Identity()).ok());
  EXPECT_TRUE(AnswersNew(old_));
}

TEST_F(RotatingCredentialsTest, NewConnectionsAreVerifiedByTheNewClientCa) {
  Serve(old_.Identity(true));
  const auto open = TlsChannel(Address(), old_, &old_.client);
  ASSERT_TRUE(Answers(open));
  TlsIdentity identity = old_.Identity(true);
  identity.client_ca_pem = new_.self.CertificatePem();
  EXPECT_TRUE(credentials_->Set(identity).ok());
  EXPECT_TRUE(AnswersNew(old_, &new_.client));
  EXPECT_FALSE(AnswersNew(old_, &old_.client));
  EXPECT_TRUE(Answers(open));
  // While clients change over, both are known.
  identity.client_ca_pem += old_.self.CertificatePem();
  EXPECT_TRUE(credentials_->Set(identity).ok());
  EXPECT_TRUE(AnswersNew(old_, &new_.client));
  EXPECT_TRUE(AnswersNew(old_, &old_.client));
}

TEST_F(RotatingCredentialsTest, EachPortGetsTheNewCertificate) {
  // Not in the tests' own folder, whose name is too long for a socket.
  char folder[] = "/tmp/trilho_tls_XXXXXX";
  ASSERT_NE(mkdtemp(folder), nullptr);
  const std::string path = std::string(folder) + "/socket";
  Serve(old_.Identity(), path);
  const std::string socket = "unix:" + path;
  EXPECT_TRUE(Answers(TlsChannel(socket, old_)));
  EXPECT_FALSE(Answers(grpc::CreateChannel(socket, grpc::InsecureChannelCredentials()))) << "TLS there too";
  EXPECT_TRUE(credentials_->Set(new_.Identity()).ok());
  EXPECT_TRUE(AnswersNew(new_));
  EXPECT_TRUE(Answers(TlsChannel(socket, new_)));
  EXPECT_FALSE(Answers(TlsChannel(socket, old_)));
  server_.reset();
  std::filesystem::remove_all(folder);
}

TEST_F(RotatingCredentialsTest, WhatIsBadChangesNothing) {
  TlsIdentity mixed = new_.Identity();
  mixed.private_key_pem = old_.server.KeyPem();
  EXPECT_EQ(RotatingCredentials::Create(mixed).status().code(), absl::StatusCode::kInvalidArgument);
  Serve(old_.Identity());
  EXPECT_EQ(credentials_->Set(mixed).code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(credentials_->Set(TlsIdentity()).code(), absl::StatusCode::kInvalidArgument);
  const absl::Status verifying = credentials_->Set(new_.Identity(true));
  EXPECT_EQ(verifying.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(std::string(verifying.message()), HasSubstr("without a restart"));
  EXPECT_TRUE(AnswersNew(old_));
}

TEST_F(RotatingCredentialsTest, AServerKeepsItsLastIdentityWhenTheCredentialsAreGone) {
  Serve(old_.Identity());
  EXPECT_TRUE(credentials_->Set(new_.Identity()).ok());
  EXPECT_TRUE(AnswersNew(new_));
  credentials_.reset();
  EXPECT_TRUE(AnswersNew(new_));
}

TEST_F(RotatingCredentialsTest, CertificatesMayChangeWhileManyConnect) {
  constexpr int kThreads = 4;
  constexpr int kConnections = 100;
  Serve(old_.Identity());
  const SslContextPtr context = RawContext();
  for (const Authority* authority : {&old_, &new_}) {
    X509_STORE_add_cert(SSL_CTX_get_cert_store(context.get()), authority->self.certificate());
  }
  SSL_CTX_set_verify(context.get(), SSL_VERIFY_PEER, nullptr);
  std::atomic<bool> stop{false};
  std::atomic<int> changes{0};
  std::thread rotation([&] {
    while (!stop) EXPECT_TRUE(credentials_->Set((++changes % 2 == 0 ? old_ : new_).Identity()).ok());
  });
  std::vector<std::thread> clients;
  clients.reserve(kThreads);
  for (int i = 0; i < kThreads; ++i) {
    clients.emplace_back([&] {
      for (int n = 0; n < kConnections; ++n) {
        HttpTestClient client(server_->port());
        EXPECT_TRUE(client.StartTls(context.get()));
      }
    });
  }
  for (std::thread& client : clients) client.join();
  stop = true;
  rotation.join();
  EXPECT_GT(changes, 1);
}

}  // namespace
}  // namespace trilho

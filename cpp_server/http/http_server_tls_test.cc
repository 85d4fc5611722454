// HTTP over TLS, and over TLS that clients must identify themselves for.

#include <atomic>
#include <chrono>
#include <string>
#include <thread>

#include "cpp_server/http/http_server.h"
#include "cpp_server/http/http_test_client.h"
#include "cpp_server/http/http_test_server.h"
#include "cpp_server/http/tls_for_test.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace trilho {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using ::testing::HasSubstr;

HttpTlsOptions Of(const TestIdentity& identity) {
  HttpTlsOptions tls;
  tls.private_key = identity.KeyPem();
  tls.certificate_chain = identity.CertificatePem();
  return tls;
}

HttpServer::Options With(const HttpTlsOptions& tls) {
  HttpServer::Options options;
  options.tls = tls;
  return options;
}

class HttpTlsTest : public ::testing::Test {
 protected:
  const TestIdentity identity_{"server"};
  const TestIdentity other_{"other"};
  const SslContextPtr trusting_ = ClientContext(identity_);
};

TEST_F(HttpTlsTest, ServesWhatPlainTextDoes) {
  HttpTestServer server(With(Of(identity_)));
  HttpTestClient client(server->port());
  ASSERT_TRUE(client.StartTls(trusting_.get()));
  EXPECT_EQ(client.Post("/show?q", "body", "X-Test: t\r\n").body, "POST|/show|q|t|body");
  const std::string large(5 << 20, 'x');
  EXPECT_TRUE(client.Post("/echo", large).body == large);
  EXPECT_EQ(client.Ask("POST /echo HTTP/1.1\r\nHost: t\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\n").status,
            100);
  EXPECT_EQ(client.Ask("abc").body, "abc");
  client.Send("GET /show HTTP/1.1\r\nHost: t\r\n\r\nGET /show HTTP/1.1\r\nHost: t\r\nConnection: close\r\n\r\n");
  EXPECT_EQ(client.Read().status, 200);
  EXPECT_EQ(client.Read().headers.at("connection"), "close");
  EXPECT_TRUE(client.IsClosed());
  EXPECT_EQ(SSL_get_shutdown(client.tls()), SSL_RECEIVED_SHUTDOWN) << "the end was not cut";
}

TEST_F(HttpTlsTest, RefusesOldVersionsAndPlainText) {
  HttpTestServer server(With(Of(identity_)));
  const SslContextPtr old = ClientContext(identity_);
  SSL_CTX_set_security_level(old.get(), 0);
  SSL_CTX_set_max_proto_version(old.get(), TLS1_1_VERSION);
  EXPECT_FALSE(HttpTestClient(server->port()).StartTls(old.get()));
  SSL_CTX_set_max_proto_version(old.get(), TLS1_2_VERSION);
  EXPECT_TRUE(HttpTestClient(server->port()).StartTls(old.get()));
  EXPECT_NE(HttpTestClient(server->port()).Get("/show").status, 200);
  EXPECT_EQ(server.handled(), 0);
}

TEST_F(HttpTlsTest, RefusesStaticRsaAndCbc) {
  const TestIdentity rsa = TestIdentity::Rsa("server");
  HttpTestServer server(With(Of(rsa)));
  const auto connects = [&](const char* ciphers) {
    const SslContextPtr context = ClientContext(rsa);
    SSL_CTX_set_max_proto_version(context.get(), TLS1_2_VERSION);
    EXPECT_EQ(SSL_CTX_set_cipher_list(context.get(), ciphers), 1) << ciphers;
    return HttpTestClient(server->port()).StartTls(context.get());
  };
  for (const char* ciphers : {"AES128-GCM-SHA256", "AES256-GCM-SHA384", "AES128-SHA", "AES256-SHA256",
                              "ECDHE-RSA-AES128-SHA", "ECDHE-RSA-AES256-SHA384"}) {
    EXPECT_FALSE(connects(ciphers)) << ciphers;
  }
  for (const char* ciphers :
       {"ECDHE-RSA-AES128-GCM-SHA256", "ECDHE-RSA-AES256-GCM-SHA384", "ECDHE-RSA-CHACHA20-POLY1305"}) {
    EXPECT_TRUE(connects(ciphers)) << ciphers;
  }
}

TEST_F(HttpTlsTest, RefusesUnknownClientsIfAskedTo) {
  const TestIdentity authority("authority");
  const TestIdentity known("known", &authority);
  HttpTlsOptions tls = Of(identity_);
  tls.client_ca = other_.CertificatePem() + authority.CertificatePem();
  tls.verify_client = true;
  HttpTestServer server(With(tls));
  const auto ask = [&](const TestIdentity* own) {
    const SslContextPtr context = ClientContext(identity_, own);
    HttpTestClient client(server->port());
    return client.StartTls(context.get()) ? client.Get("/show").status : 0;
  };
  EXPECT_EQ(ask(nullptr), 0);
  EXPECT_EQ(ask(&identity_), 0);
  EXPECT_EQ(server.handled(), 0);
  EXPECT_EQ(ask(&known), 200);
  EXPECT_EQ(ask(&other_), 200);
}

TEST_F(HttpTlsTest, TakesNewCertificatesForNewConnections) {
  HttpTestServer server(With(Of(identity_)));
  HttpTestClient before(server->port());
  ASSERT_TRUE(before.StartTls(trusting_.get()));
  EXPECT_EQ(before.Get("/show").status, 200);

  EXPECT_TRUE(server->SetTls(Of(other_)).ok());
  EXPECT_EQ(before.Get("/show").status, 200);
  EXPECT_FALSE(HttpTestClient(server->port()).StartTls(trusting_.get()));
  const SslContextPtr trusting_other = ClientContext(other_);
  HttpTestClient after(server->port());
  ASSERT_TRUE(after.StartTls(trusting_other.get()));
  EXPECT_EQ(after.Get("/show").status, 200);

  // What is bad changes nothing.
  HttpTlsOptions mixed = Of(identity_);
  mixed.private_key = other_.KeyPem();
  EXPECT_EQ(server->SetTls(mixed).code(), absl::StatusCode::kInvalidArgument);
  HttpTestClient again(server->port());
  EXPECT_TRUE(again.StartTls(trusting_other.get()));
}

TEST_F(HttpTlsTest, MayChangeCertificatesAtAnyTime) {
  HttpTestServer server(With(Of(identity_)));
  std::atomic<bool> stop{false};
  std::thread changes([&] {
    while (!stop) EXPECT_TRUE(server->SetTls(Of(identity_)).ok());
  });
  for (int i = 0; i < 50; ++i) {
    HttpTestClient client(server->port());
    EXPECT_TRUE(client.StartTls(trusting_.get()));
    EXPECT_EQ(client.Get("/show").status, 200);
  }
  stop = true;
  changes.join();
}

TEST_F(HttpTlsTest, SaysWhatIsWrongWithKeysAndCertificates) {
  HttpTestServer plain;
  EXPECT_EQ(plain->SetTls(Of(identity_)).code(), absl::StatusCode::kFailedPrecondition);
  HttpTestServer server(With(Of(identity_)));
  const auto expect_refused = [&](const HttpTlsOptions& tls, const std::string& what) {
    const absl::Status status = server->SetTls(tls);
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument) << what;
    EXPECT_THAT(std::string(status.message()), HasSubstr(what));
  };
  HttpTlsOptions tls = Of(identity_);
  tls.private_key = "not PEM";
  expect_refused(tls, "private key");
  tls.private_key = identity_.EncryptedKeyPem();
  expect_refused(tls, "not encrypted");
  tls = Of(identity_);
  tls.certificate_chain = "";
  expect_refused(tls, "certificate chain");
  tls = Of(identity_);
  tls.verify_client = true;
  expect_refused(tls, "no client CA is given");
  tls.client_ca = "not PEM";
  expect_refused(tls, "client CA");
}

TEST_F(HttpTlsTest, GivesUpOnHandshakesThatStop) {
  HttpServer::Options options = With(Of(identity_));
  options.header_timeout = milliseconds(100);
  HttpTestServer server(options);
  HttpTestClient client(server->port());
  client.Send("\x16\x03\x01");
  EXPECT_TRUE(client.IsClosed());
}

TEST_F(HttpTlsTest, TellsThoseWhoSendTooMuch) {
  HttpServer::Options options = With(Of(identity_));
  options.max_body_bytes = 1000;
  HttpTestServer server(options);
  HttpTestClient client(server->port());
  ASSERT_TRUE(client.StartTls(trusting_.get()));
  EXPECT_EQ(client.Post("/echo", std::string(5 << 20, 'x')).status, 413);
}

TEST_F(HttpTlsTest, NoticesClientsThatGo) {
  HttpServer::Options options = With(Of(identity_));
  options.half_close_window = milliseconds(0);
  HttpTestServer server(options);
  for (const bool says_goodbye : {true, false}) {
    HttpTestClient client(server->port());
    ASSERT_TRUE(client.StartTls(trusting_.get()));
    client.Send("GET /hold HTTP/1.1\r\nHost: t\r\n\r\n");
    const auto call = server.Take();
    EXPECT_FALSE(*call->cancelled());
    if (says_goodbye) SSL_shutdown(client.tls());
    if (!says_goodbye) client.Close();
    EXPECT_TRUE(Eventually([&] { return call->cancelled()->load(); }));
    call->Reply({});
  }
}

TEST_F(HttpTlsTest, ShutsDown) {
  HttpTestServer server(With(Of(identity_)));
  HttpTestClient silent(server->port());
  HttpTestClient idle(server->port());
  ASSERT_TRUE(idle.StartTls(trusting_.get()));
  EXPECT_EQ(idle.Get("/show").status, 200);
  HttpTestClient busy(server->port());
  ASSERT_TRUE(busy.StartTls(trusting_.get()));
  busy.Send("GET /hold HTTP/1.1\r\nHost: t\r\n\r\n");
  const auto call = server.Take();
  std::thread answers([&] {
    EXPECT_TRUE(idle.IsClosed());
    EXPECT_EQ(SSL_get_shutdown(idle.tls()), SSL_RECEIVED_SHUTDOWN);
    call->Reply({});
  });
  EXPECT_TRUE(server->Shutdown(seconds(60)));
  answers.join();
  EXPECT_EQ(busy.Read().headers.at("connection"), "close");
  EXPECT_TRUE(silent.IsClosed());
}

}  // namespace
}  // namespace trilho

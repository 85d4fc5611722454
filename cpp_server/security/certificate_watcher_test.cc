// --ssl_config_file while the server runs, up to what clients of the HTTP front see; those of gRPC's are in
// rotating_credentials_test.cc.

#include "cpp_server/security/certificate_watcher.h"

#include <fcntl.h>
#include <unistd.h>

#include <atomic>
#include <cstdio>
#include <fstream>
#include <memory>
#include <sstream>
#include <string>
#include <utility>

#include "absl/strings/str_replace.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "cpp_server/config/ssl_config.h"
#include "cpp_server/http/http_test_client.h"
#include "cpp_server/http/http_test_server.h"
#include "cpp_server/http/tls_for_test.h"
#include "cpp_server/security/rotating_credentials.h"
#include "cpp_server/security/tls_from_config.h"
#include "gtest/gtest.h"

namespace trilho {
namespace {

using tensorflow::serving::SSLConfig;

constexpr std::chrono::milliseconds kPeriod(5);

SSLConfig Config(const TestIdentity& identity) {
  SSLConfig config;
  config.set_server_key(identity.KeyPem());
  config.set_server_cert(identity.CertificatePem());
  return config;
}

// What the process writes to standard error, as long as it lives.
class StderrInFile {
 public:
  StderrInFile() : path_(::testing::TempDir() + "/stderr"), saved_(dup(STDERR_FILENO)) {
    const int file = open(path_.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_APPEND, 0600);
    dup2(file, STDERR_FILENO);
    close(file);
  }
  ~StderrInFile() {
    dup2(saved_, STDERR_FILENO);
    close(saved_);
  }
  StderrInFile(const StderrInFile&) = delete;
  StderrInFile& operator=(const StderrInFile&) = delete;

  int Count(const std::string& text) const {
    std::stringstream all;
    all << std::ifstream(path_).rdbuf();
    int count = 0;
    for (size_t at = 0; (at = all.str().find(text, at)) != std::string::npos; ++at) ++count;
    return count;
  }

 private:
  const std::string path_;
  const int saved_;
};

class CertificateWatcherTest : public ::testing::Test {
 protected:
  void Write(const std::string& text) {
    std::ofstream(path_ + ".new") << text;
    std::rename((path_ + ".new").c_str(), path_.c_str());
  }
  void Write(const SSLConfig& config) { Write(config.DebugString()); }

  // Its clock is `later_` seconds ahead.
  CertificateWatcher::Options Watched() {
    CertificateWatcher::Options options;
    options.flag = "--ssl_config_file";
    options.path = path_;
    options.period = kPeriod;
    options.now = [this] { return absl::Now() + absl::Seconds(later_.load()); };
    return options;
  }

  bool Logs(const std::string& text, int times = 1) {
    return Eventually([&] { return stderr_.Count(text) >= times; }) && stderr_.Count(text) == times;
  }

  const std::string path_ = ::testing::TempDir() + "/ssl_config";
  const TestIdentity first_{"first"};
  const TestIdentity second_{"second"};
  const StderrInFile stderr_;
  std::atomic<int> later_{0};
  int mistakes_ = 0;
};

TEST_F(CertificateWatcherTest, NewConnectionsGetWhatTheFileSaysNow) {
  Write(Config(first_));
  auto config = ReadSslConfigFile("--ssl_config_file", path_);
  ASSERT_TRUE(config.ok()) << config.status();
  auto grpc = RotatingCredentials::Create(TlsIdentityOf(*config));
  ASSERT_TRUE(grpc.ok()) << grpc.status();
  HttpServer::Options options;
  options.tls = HttpTlsOptionsOf(*config);
  HttpTestServer http(options);
  const CertificateWatcher watcher(Watched(), *config, [&](const SSLConfig& changed) {
    absl::Status status = (*grpc)->Set(TlsIdentityOf(changed));
    if (status.ok()) status = http->SetTls(HttpTlsOptionsOf(changed));
    return status;
  });
  const auto is_shown = [&](const TestIdentity& identity) {
    return HttpTestClient(http->port()).StartTls(ClientContext(identity).get());
  };
  EXPECT_TRUE(is_shown(first_));

  Write(Config(second_));
  EXPECT_TRUE(Eventually([&] { return is_shown(second_); }));
  EXPECT_FALSE(is_shown(first_));

  SSLConfig mixed = Config(first_);
  mixed.set_server_key(second_.KeyPem());
  Write(mixed);
  EXPECT_TRUE(Logs("the certificates stay as they were: --ssl_config_file: server_key is not the key of server_cert"));
  EXPECT_TRUE(is_shown(second_));

  Write(Config(first_));
  EXPECT_TRUE(Eventually([&] { return is_shown(first_); }));
  EXPECT_TRUE(Logs("new connections get the certificates of " + path_, 2));
}

TEST_F(CertificateWatcherTest, TakesWhatTheFileBecameBeforeItBegan) {
  Write(Config(second_));
  std::atomic<int> taken{0};
  const CertificateWatcher watcher(Watched(), Config(first_), [&](const SSLConfig& config) {
    EXPECT_EQ(config.server_key(), second_.KeyPem());
    ++taken;
    return absl::OkStatus();
  });
  EXPECT_TRUE(Eventually([&] { return taken == 1; }));
}

TEST_F(CertificateWatcherTest, EachMistakeIsLoggedOnceAndMendedByTheNextFile) {
  Write(Config(first_));
  std::atomic<int> taken{0};
  const CertificateWatcher watcher(Watched(), Config(first_), [&](const SSLConfig& config) {
    ++taken;
    return config.client_verify() ? absl::FailedPreconditionError("it needs a restart") : absl::OkStatus();
  });
  Write("server_key: 'x'");
  EXPECT_TRUE(Logs("server_cert is missing"));
  Write("no proto");
  EXPECT_TRUE(Logs("Invalid protobuf file: '" + path_ + "'"));
  std::remove(path_.c_str());
  EXPECT_TRUE(Logs("cannot read " + path_));
  EXPECT_EQ(taken, 0);
  Write(Config(first_));
  SSLConfig verifying = Config(first_);
  verifying.set_client_verify(true);
  verifying.set_custom_ca(second_.CertificatePem());
  Write(verifying);
  EXPECT_TRUE(Logs("it needs a restart"));
  EXPECT_EQ(taken, 1) << "what is in force is not taken again";
  Write(Config(second_));
  EXPECT_TRUE(Logs("new connections get the certificates"));
  EXPECT_EQ(taken, 2);
  EXPECT_EQ(stderr_.Count("stay as they were"), 4);
}

TEST_F(CertificateWatcherTest, ACertificateThatEndsWhileItIsInForceIsTold) {
  // Those of tests hold for an hour.
  Write(Config(first_));
  const CertificateWatcher watcher(Watched(), Config(first_), [](const SSLConfig&) { return absl::OkStatus(); });
  EXPECT_TRUE(Logs("the certificate of " + path_ + " expires on "));
  later_ = 3 * 3600;
  EXPECT_TRUE(Logs("the certificate of " + path_ + " expired on "));
  later_ = -3 * 3600;
  EXPECT_TRUE(Logs("the certificate of " + path_ + " is not valid before "));
}

TEST_F(CertificateWatcherTest, AnExpiredCertificateBehindItsOwnDoesNotKeepANewOneAway) {
  Write(Config(first_));
  std::atomic<int> taken{0};
  const CertificateWatcher watcher(Watched(), Config(first_), [&](const SSLConfig&) {
    ++taken;
    return absl::OkStatus();
  });
  SSLConfig crossed = Config(second_);
  crossed.set_server_cert(crossed.server_cert() + TestIdentity("expired", nullptr, -60).CertificatePem());
  Write(crossed);
  EXPECT_TRUE(Eventually([&] { return taken == 1; }));
  EXPECT_TRUE(Logs("--ssl_config_file: the certificate of " + path_ + " expired on ")) << "it is told all the same";
}

TEST_F(CertificateWatcherTest, AnExpiredCertificateDoesNotTakeThePlaceOfOneThatHolds) {
  Write(Config(first_));
  const TestIdentity expired("expired", nullptr, -60);
  std::atomic<int> taken{0};
  const CertificateWatcher watcher(Watched(), Config(first_), [&](const SSLConfig&) {
    ++taken;
    return absl::OkStatus();
  });
  Write(Config(expired));
  EXPECT_TRUE(Logs("stay as they were: --ssl_config_file: the certificate of " + path_ + " as it is now expired on "));
  EXPECT_EQ(taken, 0);
  // When neither holds, the newer one is what the operator wants.
  later_ = 2 * 3600;
  EXPECT_TRUE(Logs("--ssl_config_file: the certificate of " + path_ + " expired on "));
  Write(Config(TestIdentity("as expired", nullptr, -30)));
  EXPECT_TRUE(Eventually([&] { return taken == 1; }));
}

TEST_F(CertificateWatcherTest, KeysAreNotLogged) {
  const std::string key = Config(first_).DebugString();
  Write(Config(second_));
  const CertificateWatcher watcher(Watched(), Config(second_), [](const SSLConfig&) { return absl::OkStatus(); });
  // A colon is missing, a quote, a field's name is wrong.
  for (const auto& [text, mistake] : {std::pair<const char*, const char*>{"server_key: ", "server_key "},
                                      {"server_key: ", "server_key: 1 "},
                                      {"server_key: ", "server_kay: "},
                                      {"server_key: ", "server_key: -"}}) {
    Write(absl::StrReplaceAll(key, {{text, mistake}}));
    EXPECT_TRUE(Eventually([&, n = ++mistakes_] { return stderr_.Count("stay as they were") == n; })) << mistake;
  }
  EXPECT_EQ(stderr_.Count("PRIVATE KEY"), 0);
}

}  // namespace
}  // namespace trilho

// The files besides --model_config_file.

#include <string>

#include "absl/strings/str_cat.h"
#include "cpp_server/config/flags_for_test.h"
#include "cpp_server/config/monitoring_config.h"
#include "cpp_server/config/session_config.h"
#include "cpp_server/config/ssl_config.h"
#include "cpp_server/http/tls_for_test.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace trilho {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

class ConfigFilesTest : public FlagsTest {};

// A text proto of SSLConfig.
std::string SslText(const std::string& key, const std::string& certificate, const std::string& more = "") {
  tensorflow::serving::SSLConfig config;
  config.set_server_key(key);
  config.set_server_cert(certificate);
  return absl::StrCat(config.DebugString(), more);
}

TEST_F(ConfigFilesTest, TlsHasAKeyAndItsCertificate) {
  const TestIdentity identity("server");
  const auto config =
      ReadSslConfigFile("--ssl_config_file", File("ssl", SslText(identity.KeyPem(), identity.CertificatePem())));
  ASSERT_TRUE(config.ok()) << config.status();
  EXPECT_EQ(config->server_key(), identity.KeyPem());
  EXPECT_EQ(config->server_cert(), identity.CertificatePem());
  EXPECT_FALSE(config->client_verify());
}

TEST_F(ConfigFilesTest, TlsThatCannotBeIsNamed) {
  const TestIdentity identity("server");
  const TestIdentity other("other");
  const std::string key = identity.KeyPem();
  const std::string certificate = identity.CertificatePem();
  const struct {
    std::string text;
    const char* problem;
  } kCases[] = {
      {"", "server_key is missing"},
      {SslText(key, ""), "server_cert is missing"},
      {SslText("/etc/key.pem", certificate), "server_key is no private key in PEM that is not encrypted"},
      {SslText(identity.EncryptedKeyPem(), certificate), "server_key is no private key"},
      {SslText(key, "x"), "server_cert is no certificate in PEM"},
      {SslText(other.KeyPem(), certificate), "server_key is not the key of server_cert"},
      {SslText(key, certificate, "custom_ca: 'x'"), "custom_ca is no certificate in PEM"},
      {SslText(key, certificate, "client_verify: true"), "client_verify needs custom_ca"},
      {"server_kee: 'x'", "line 1, column 11"},
  };
  for (const auto& test : kCases) {
    const auto config = ReadSslConfigFile("--ssl_config_file", File("ssl", test.text));
    EXPECT_EQ(config.status().code(), absl::StatusCode::kInvalidArgument) << test.problem;
    EXPECT_THAT(std::string(config.status().message()), HasSubstr(test.problem));
  }
}

TEST_F(ConfigFilesTest, NothingOfTheKeyIsInAnError) {
  const TestIdentity identity("server");
  for (const std::string& text :
       {"server_key " + SslText(identity.KeyPem(), "").substr(11), identity.KeyPem(), std::string("secret_field: 1")}) {
    const absl::Status status = ReadSslConfigFile("--ssl_config_file", File("ssl", text)).status();
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
    EXPECT_THAT(std::string(status.message()), testing::EndsWith(")"));
    EXPECT_THAT(std::string(status.message()), Not(HasSubstr("PRIVATE KEY")));
    EXPECT_THAT(std::string(status.message()), Not(HasSubstr("secret_field")));
  }
}

TEST_F(ConfigFilesTest, MonitoringSaysWhereMetricsAre) {
  const auto path_of = [this](const std::string& text) {
    const auto config = ReadMonitoringConfigFile(File("monitoring", text));
    return config.ok() ? PrometheusPathOf(*config) : std::string(config.status().message());
  };
  EXPECT_EQ(path_of("prometheus_config { enable: true path: '/metrics2' }"), "/metrics2");
  EXPECT_EQ(path_of("prometheus_config { enable: true }"), "/monitoring/prometheus/metrics");
  EXPECT_EQ(path_of("prometheus_config { path: '/metrics2' }"), "");
  EXPECT_EQ(path_of(""), "");
  EXPECT_THAT(path_of("prometheus_config { enable: true path: 'metrics' }"), HasSubstr("must begin with \"/\""));
  EXPECT_THAT(path_of("prometheus_config { enable: 2 }"), HasSubstr("line 1, column 29"));
}

TEST_F(ConfigFilesTest, ASessionTakesThreadsFromFlagsThenTheFileThenTheDefault) {
  const std::string file =
      "--tensorflow_session_config_file=" + File("session",
                                                 "intra_op_parallelism_threads: 3 inter_op_parallelism_threads: 5 "
                                                 "allow_soft_placement: true");
  const std::string intra = "--tensorflow_intra_op_parallelism=";
  const std::string inter = "--tensorflow_inter_op_parallelism=";
  const std::string both = "--tensorflow_session_parallelism=";
  const struct {
    std::vector<std::string> flags;
    int intra;
    int inter;
  } kCases[] = {
      {{}, 1, 0},
      {{intra + "0"}, 0, 0},
      {{intra + "4", inter + "2"}, 4, 2},
      {{both + "6"}, 6, 6},
      {{both + "6", intra + "1"}, 1, 6},
      {{both + "6", inter + "2"}, 6, 2},
      // 0 is "not set", and one thread per CPU only if nothing else is.
      {{both + "6", intra + "0"}, 6, 6},
      {{both + "6", inter + "0"}, 6, 6},
      {{file, intra + "0", inter + "0"}, 3, 5},
      {{file}, 3, 5},
      {{file, intra + "1"}, 1, 5},
      {{file, both + "6"}, 6, 6},
  };
  for (const auto& test : kCases) {
    const absl::FlagSaver saver;
    ASSERT_TRUE(Parse(test.flags).ok());
    const auto config = SessionConfigFromFlags();
    ASSERT_TRUE(config.ok()) << config.status();
    EXPECT_EQ(config->intra_op_parallelism_threads(), test.intra) << ::testing::PrintToString(test.flags);
    EXPECT_EQ(config->inter_op_parallelism_threads(), test.inter) << ::testing::PrintToString(test.flags);
  }
  ASSERT_TRUE(Parse({file}).ok());
  EXPECT_TRUE(SessionConfigFromFlags()->allow_soft_placement());
}

TEST_F(ConfigFilesTest, ASessionFileThatDoesNotParseIsNamed) {
  ASSERT_TRUE(Parse({"--tensorflow_session_config_file=" + File("session", "\nno_such: 1")}).ok());
  EXPECT_THAT(std::string(SessionConfigFromFlags().status().message()), HasSubstr("line 2, column 8"));
}

}  // namespace
}  // namespace trilho

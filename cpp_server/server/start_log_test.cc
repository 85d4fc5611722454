#include "cpp_server/server/start_log.h"

#include <fstream>
#include <string>

#include "absl/strings/str_cat.h"
#include "cpp_server/http/tls_for_test.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tensorflow_serving/config/ssl_config.pb.h"

namespace trilho {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::MatchesRegex;

class StartLogTest : public ::testing::Test {
 protected:
  // Returns TLS of `ports`, by one file.
  std::unique_ptr<ServerTls> TlsOf(const std::vector<TlsPort>& ports, bool verify_clients = false) {
    tensorflow::serving::SSLConfig config;
    config.set_server_key(identity_.KeyPem());
    config.set_server_cert(identity_.CertificatePem());
    if (verify_clients) config.set_custom_ca(identity_.CertificatePem());
    config.set_client_verify(verify_clients);
    std::ofstream(path_) << config.DebugString();
    TlsFiles files;
    for (const TlsPort port : ports) {
      (port == TlsPort::kGrpc ? files.grpc : port == TlsPort::kRest ? files.rest : files.management) = path_;
    }
    auto tls = ServerTls::Load(files);
    EXPECT_TRUE(tls.ok()) << tls.status();
    return *std::move(tls);
  }

  const TestIdentity identity_{"server"};
  const std::string path_ = absl::StrCat(::testing::TempDir(), "/start_log_ssl");
  const std::vector<OpenPort> ports_ = {{TlsPort::kGrpc, "0.0.0.0", 8500},
                                        {TlsPort::kGrpc, "/run/trilho", 0},
                                        {TlsPort::kRest, "::", 8501},
                                        {TlsPort::kManagement, "127.0.0.1", 8502}};
};

TEST_F(StartLogTest, SaysOfEachPortHowItSpeaks) {
  EXPECT_THAT(DescribePorts(ports_, *TlsOf({})),
              ElementsAre("gRPC on 0.0.0.0:8500: plain text", "gRPC on the UNIX socket /run/trilho: plain text",
                          "HTTP on [::]:8501: plain text", "management on 127.0.0.1:8502: plain text"));
  const auto grpc_only = DescribePorts(ports_, *TlsOf({TlsPort::kGrpc}));
  EXPECT_THAT(grpc_only[0], MatchesRegex(absl::StrCat("gRPC on 0.0.0.0:8500: TLS of ", path_,
                                                      ", whose certificate expires on .*, in 59 minutes")));
  EXPECT_THAT(grpc_only[1], HasSubstr("TLS of "));
  EXPECT_EQ(grpc_only[2], "HTTP on [::]:8501: plain text") << "as in TF Serving";
  EXPECT_EQ(grpc_only[3], "management on 127.0.0.1:8502: plain text");
  EXPECT_THAT(DescribePorts(ports_, *TlsOf({TlsPort::kRest}, /*verify_clients=*/true)),
              ElementsAre("gRPC on 0.0.0.0:8500: plain text", "gRPC on the UNIX socket /run/trilho: plain text",
                          HasSubstr("; clients need a certificate"), "management on 127.0.0.1:8502: plain text"));
}

TEST_F(StartLogTest, WarnsOfTokensThatOthersCanRead) {
  EXPECT_THAT(PlainTokenWarnings(ports_, *TlsOf({})),
              ElementsAre(AllOf(HasSubstr("gRPC on 0.0.0.0:8500 takes tokens in plain text"),
                                HasSubstr("--ssl_config_file gives it TLS")),
                          AllOf(HasSubstr("HTTP on [::]:8501 takes tokens in plain text"),
                                HasSubstr("--rest_api_ssl_config_file gives it TLS"))));
  EXPECT_THAT(PlainTokenWarnings(ports_, *TlsOf({TlsPort::kGrpc})), ElementsAre(HasSubstr("HTTP on [::]:8501")));
  EXPECT_THAT(PlainTokenWarnings(ports_, *TlsOf({TlsPort::kGrpc, TlsPort::kRest})), IsEmpty());
}

TEST_F(StartLogTest, PortsThatHaveTlsHaveACertificateInTheTable) {
  const auto tls = TlsOf({TlsPort::kGrpc, TlsPort::kManagement});
  const auto table = tls->certificates()->Get();
  EXPECT_EQ(table.size(), 2u);
  EXPECT_EQ(table.count("grpc"), 1u);
  EXPECT_EQ(table.count("management"), 1u);
}

}  // namespace
}  // namespace trilho

#include "cpp_server/config/check_config.h"

#include <cstdint>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "cpp_server/config/flags_for_test.h"
#include "cpp_server/config/saved_configuration.h"
#include "cpp_server/contracts/compiled_for_test.h"
#include "cpp_server/http/tls_for_test.h"
#include "gmock/gmock.h"
#include "google/protobuf/text_format.h"
#include "gtest/gtest.h"
#include "tensorflow_serving/config/ssl_config.pb.h"

namespace trilho {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr char kGoodModels[] =
    "model_config_list { config { name: 'm' base_path: '/m' model_platform: 'tensorflow' } }";

class CheckConfigTest : public FlagsTest {
 protected:
  absl::Status Check(std::vector<std::string> flags, const std::vector<ModelConfigCheck>& more = {},
                     std::vector<std::string>* warnings = nullptr) {
    const absl::FlagSaver saver;
    flags.emplace_back("--check_config");
    const absl::Status parsed = Parse(flags);
    return parsed.ok() ? CheckConfig(more, warnings) : parsed;
  }
};

TEST_F(CheckConfigTest, AGoodConfigurationHasNoProblem) {
  EXPECT_EQ(Check({"--model_base_path=/models/mnist"}), absl::OkStatus());
  EXPECT_EQ(Check({
                "--model_config_file=" + File("models", kGoodModels),
                "--enable_batching",
                "--batching_parameters_file=" + File("batching", "max_batch_size { value: 8 }"),
                "--monitoring_config_file=" + File("monitoring", "prometheus_config { enable: true }"),
                "--tensorflow_session_config_file=" + File("session", "allow_soft_placement: true"),
                "--auth_token_file=" + File("tokens", "secret\n"),
                "--op_library=" + File("op.so", ""),
                "--access_log=" + ::testing::TempDir() + "/access.log",
                "--config_state_file=" + ::testing::TempDir() + "/state",
            }),
            absl::OkStatus());
}

TEST_F(CheckConfigTest, NamesEveryProblem) {
  const absl::Status status = Check({
      "--port=70000",
      "--use_alts_credentials",
      "--model_config_file=" + File("models", "model_config_list { config { name: 'a' } config { name: 'b' } }"),
      "--enable_batching",
      "--batching_parameters_file=" + File("batching", "max_batch_size { value: 0 }"),
      "--ssl_config_file=" + File("ssl", ""),
      "--monitoring_config_file=/nowhere/monitoring",
      "--tensorflow_session_config_file=" + File("session", "no_such: 1"),
      "--auth_token_file=/nowhere/tokens",
      "--op_library=/nowhere/a.so,/nowhere/b.so",
      "--access_log=/nowhere/access.log",
      "--config_state_file=" + File("state", "# generation: 1\n# given: x\nmodel_config_list {"),
  });
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  const std::string message(status.message());
  EXPECT_THAT(message, HasSubstr("13 problems:\n- "));
  for (const char* problem :
       {"--port is 70000", "--use_alts_credentials", "Expected model a to have an absolute path",
        "Expected model b to have an absolute path", "max_batch_size must be between", "server_key is missing",
        "cannot read /nowhere/monitoring", "line 1, column 8", "/nowhere/tokens",
        "--op_library: cannot read /nowhere/a.so", "--op_library: cannot read /nowhere/b.so",
        "--access_log: there is no folder /nowhere", "line 3, column 20"}) {
    EXPECT_THAT(message, HasSubstr(problem));
  }
}

TEST_F(CheckConfigTest, OneProblemIsInTheSingular) {
  EXPECT_EQ(Check({}), absl::InvalidArgumentError(
                           "1 problem:\n- nothing to serve: give --model_base_path or --model_config_file"));
}

TEST_F(CheckConfigTest, OtherPartsCheckModelsThatAreWellFormed) {
  const ModelConfigCheck refuse = [](const tensorflow::serving::ModelServerConfig& config) {
    return absl::InvalidArgumentError(
        absl::StrCat("model ", config.model_config_list().config(0).name(), " is not wanted"));
  };
  EXPECT_EQ(Check({"--model_config_file=" + File("models", kGoodModels)}, {refuse}),
            absl::InvalidArgumentError("1 problem:\n- model m is not wanted"));
  EXPECT_THAT(std::string(Check({"--model_base_path=relative"}, {refuse}).message()), Not(HasSubstr("not wanted")));
}

std::string Contract(const std::string& model, const std::string& field) {
  return CompileProto(TestProto("service S { rpc M(In) returns (In) { option (trilho.contract.model) = { name: \"" +
                                model + "\" }; } } message In { float " + field + " = 1; }"));
}

TEST_F(CheckConfigTest, AContractOfAModelThatIsNotConfiguredIsAWarning) {
  const std::string flag = "--contracts=" + File("a.desc", Contract("n", "x"));
  const std::string models = "--model_config_file=" + File("models", kGoodModels);
  std::vector<std::string> warnings;
  EXPECT_EQ(Check({models, flag}, {}, &warnings), absl::OkStatus());
  // There is no folder /m either.
  EXPECT_THAT(warnings, ::testing::ElementsAre("model m: Cannot list /m: No such file or directory",
                                               AllOf(HasSubstr("--contracts: "),
                                                     HasSubstr("test.S.M is answered by the model \"n\", which is not "
                                                               "configured; there are \"m\""))));
  warnings.clear();
  EXPECT_EQ(Check({"--model_name=n", "--model_base_path=/m", flag}, {}, &warnings), absl::OkStatus());
  EXPECT_THAT(warnings, ::testing::ElementsAre("model n: Cannot list /m: No such file or directory"));
}

TEST_F(CheckConfigTest, FoldersAreThoseOfTheConfigurationThatTheStartWouldTake) {
  const std::string given = File("models", kGoodModels);
  tensorflow::serving::ModelServerConfig config;
  ASSERT_TRUE(google::protobuf::TextFormat::ParseFromString(kGoodModels, &config));
  const std::string saved =
      "\nmodel_config_list { config { name: 's' base_path: '/s' version_labels { key: 'l' value: 2 } } }\n";
  std::vector<std::string> warnings;
  const auto warnings_of = [&](const std::string& digest) {
    warnings.clear();
    const std::string state = File("state", absl::StrCat("# generation: 3\n# given: ", digest, saved));
    EXPECT_EQ(Check({"--model_config_file=" + given, "--config_state_file=" + state}, {}, &warnings), absl::OkStatus());
    return warnings;
  };
  EXPECT_THAT(warnings_of(DigestOf(config)),
              ::testing::ElementsAre("model s: Cannot list /s: No such file or directory"));
  EXPECT_THAT(warnings_of("another"), ::testing::ElementsAre("model m: Cannot list /m: No such file or directory"));
}

TEST_F(CheckConfigTest, ACertificateThatDoesNotHoldIsAWarning) {
  const auto file = [this](const std::string& name, int64_t seconds_left) {
    const TestIdentity identity(name, nullptr, seconds_left);
    tensorflow::serving::SSLConfig config;
    config.set_server_key(identity.KeyPem());
    config.set_server_cert(identity.CertificatePem());
    return File(name, config.DebugString());
  };
  const std::string good = file("good", 90 * 24 * 3600), soon = file("soon", 3600), expired = file("expired", -60);
  std::vector<std::string> warnings;
  EXPECT_EQ(Check({"--model_base_path=/", "--rest_api_port=-1", "--management_port=-1", "--ssl_config_file=" + good,
                   "--rest_api_ssl_config_file=" + soon, "--management_ssl_config_file=" + expired},
                  {}, &warnings),
            absl::OkStatus());
  EXPECT_THAT(warnings, ::testing::ElementsAre(
                            HasSubstr("--rest_api_ssl_config_file: the certificate of " + soon + " expires on "),
                            HasSubstr("--management_ssl_config_file: the certificate of " + expired + " expired on "),
                            "model default: there is no version below /, no folder 1, 2, ..."));
}

TEST_F(CheckConfigTest, TlsOfHttpIsCheckedAsThatOfGrpcIs) {
  EXPECT_THAT(
      std::string(Check({"--model_base_path=/m", "--rest_api_port=-1", "--management_port=-1",
                         "--rest_api_ssl_config_file=" + File("rest", ""), "--management_ssl_config_file=/nowhere/ssl"})
                      .message()),
      AllOf(HasSubstr("--rest_api_ssl_config_file: server_key is missing"),
            HasSubstr("--management_ssl_config_file: cannot read /nowhere/ssl")));
}

TEST_F(CheckConfigTest, FilesOfOneNameInTwoSetsMustBeOne) {
  // Services of their own, of messages that are not the same.
  std::string sets[2];
  for (int i = 0; i < 2; ++i) {
    google::protobuf::FileDescriptorSet set;
    ASSERT_TRUE(set.ParseFromString(Contract("m", i == 0 ? "one" : "two")));
    auto* const file = set.mutable_file(set.file_size() - 1);
    file->set_name("checked.proto");
    file->set_package("checked");
    file->mutable_service(0)->set_name(i == 0 ? "One" : "Two");
    for (auto& method : *file->mutable_service(0)->mutable_method()) {
      method.set_input_type(".checked.In");
      method.set_output_type(".checked.In");
    }
    sets[i] = set.SerializeAsString();
  }
  const std::string one = File("one.desc", sets[0]), two = File("two.desc", sets[1]);
  EXPECT_THAT(std::string(Check({"--model_base_path=/m", "--contracts=" + one + "," + two}).message()),
              HasSubstr("1 problem:\n- --contracts: " + two + ": checked.proto is another one than in " + one));
}

TEST_F(CheckConfigTest, RefusesWhatTheStartRefuses) {
  EXPECT_EQ(Check({"--model_base_path=/m", "--request_log_max_file_bytes=2000", "--request_log_max_total_bytes=1000"}),
            absl::InvalidArgumentError("1 problem:\n- --request_log_max_file_bytes is 2000, more than "
                                       "--request_log_max_total_bytes, which is 1000"));
  EXPECT_EQ(Check({"--model_base_path=/m", "--model_roots=/nowhere"}),
            absl::InvalidArgumentError("1 problem:\n- --model_roots: /nowhere is no absolute path of a folder"));
}

TEST_F(CheckConfigTest, AFolderIsNoLog) {
  EXPECT_THAT(std::string(Check({"--model_base_path=/m", "--access_log=" + ::testing::TempDir()}).message()),
              AllOf(HasSubstr("--access_log"), HasSubstr("is a folder")));
}

TEST_F(CheckConfigTest, StandardErrorIsALog) {
  EXPECT_EQ(Check({"--model_base_path=/m", "--access_log=-"}), absl::OkStatus());
}

}  // namespace
}  // namespace trilho

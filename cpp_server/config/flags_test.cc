#include "cpp_server/config/flags.h"

#include <string>
#include <vector>

#include "absl/flags/flag.h"
#include "absl/flags/reflection.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace trilho {
namespace {

using ::testing::HasSubstr;

TEST(NearestNameTest, FindsTheNameWithTheFewestEdits) {
  const std::vector<std::string> known = {"port", "model_name", "model_base_path", "model_config_file"};
  EXPECT_EQ(NearestName("prot", known), "port");
  EXPECT_EQ(NearestName("ports", known), "port");
  EXPECT_EQ(NearestName("model_base_pth", known), "model_base_path");
  EXPECT_EQ(NearestName("modle_name", known), "model_name");
  EXPECT_EQ(NearestName("port", known), "port");
}

TEST(NearestNameTest, FindsNothingIfAllAreFar) {
  EXPECT_EQ(NearestName("verbosity", {"port", "model_name"}), "");
  EXPECT_EQ(NearestName("port", {}), "");
  EXPECT_EQ(NearestName("", {"port"}), "");
}

// absl's flags belong to the process: what a test sets is taken back here.
class ParseFlagsTest : public ::testing::Test {
 protected:
  absl::Status Parse(std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), "trilho_server");
    std::vector<char*> argv;
    for (std::string& argument : arguments) argv.push_back(&argument[0]);
    const int argc = static_cast<int>(argv.size());
    argv.push_back(nullptr);
    return ParseFlags(argc, argv.data());
  }

 private:
  absl::FlagSaver saver_;
};

TEST_F(ParseFlagsTest, DefaultsAreTFServingsWhereTheFlagIs) {
  ASSERT_TRUE(Parse({}).ok());
  EXPECT_EQ(absl::GetFlag(FLAGS_port), 8500);
  EXPECT_EQ(absl::GetFlag(FLAGS_grpc_socket_path), "");
  EXPECT_EQ(absl::GetFlag(FLAGS_model_name), "default");
  EXPECT_EQ(absl::GetFlag(FLAGS_model_base_path), "");
  EXPECT_EQ(absl::GetFlag(FLAGS_model_config_file), "");
  EXPECT_EQ(absl::GetFlag(FLAGS_file_system_poll_wait_seconds), 1);
  EXPECT_EQ(absl::GetFlag(FLAGS_max_num_load_retries), 5);
  EXPECT_EQ(absl::GetFlag(FLAGS_load_retry_interval_micros), 60000000);
  EXPECT_TRUE(absl::GetFlag(FLAGS_enable_model_warmup));
  EXPECT_EQ(absl::GetFlag(FLAGS_saved_model_tags), "serve");
}

TEST_F(ParseFlagsTest, TakesEveryFormOfAFlag) {
  ASSERT_TRUE(Parse({"--port=1", "-model_name=mnist", "--model_base_path", "/models/mnist",
                     "--file_system_poll_wait_seconds=0.5"})
                  .ok());
  EXPECT_EQ(absl::GetFlag(FLAGS_port), 1);
  EXPECT_EQ(absl::GetFlag(FLAGS_model_name), "mnist");
  EXPECT_EQ(absl::GetFlag(FLAGS_model_base_path), "/models/mnist");
  EXPECT_EQ(absl::GetFlag(FLAGS_file_system_poll_wait_seconds), 0.5);
}

TEST_F(ParseFlagsTest, TakesBooleansBareNegatedAndWithAValue) {
  ASSERT_TRUE(Parse({"--noenable_model_warmup"}).ok());
  EXPECT_FALSE(absl::GetFlag(FLAGS_enable_model_warmup));
  ASSERT_TRUE(Parse({"--enable_model_warmup", "--port=1"}).ok());
  EXPECT_TRUE(absl::GetFlag(FLAGS_enable_model_warmup));
  ASSERT_TRUE(Parse({"--enable_model_warmup=false"}).ok());
  EXPECT_FALSE(absl::GetFlag(FLAGS_enable_model_warmup));
}

TEST_F(ParseFlagsTest, AnUnknownFlagNamesTheNearestOne) {
  EXPECT_EQ(Parse({"--prot=1"}), absl::InvalidArgumentError("unknown flag --prot; did you mean --port?"));
  EXPECT_EQ(Parse({"--model_base_pth", "/models"}),
            absl::InvalidArgumentError("unknown flag --model_base_pth; did you mean --model_base_path?"));
  EXPECT_EQ(Parse({"--noport"}).code(), absl::StatusCode::kInvalidArgument) << "only booleans are negated";
}

TEST_F(ParseFlagsTest, AFlagThatIsLikeNoOtherIsUnknownToo) {
  EXPECT_EQ(Parse({"--xyz"}), absl::InvalidArgumentError("unknown flag --xyz; --help lists them"));
}

TEST_F(ParseFlagsTest, NothingIsSetIfAFlagIsUnknown) {
  EXPECT_FALSE(Parse({"--port=1", "--prot=2"}).ok());
  EXPECT_EQ(absl::GetFlag(FLAGS_port), 8500);
}

TEST_F(ParseFlagsTest, AWordThatIsNoFlagIsAnError) {
  EXPECT_EQ(Parse({"/models/mnist"}), absl::InvalidArgumentError("\"/models/mnist\" is no flag; --help lists them"));
  EXPECT_EQ(Parse({"--port=1", "serve"}), absl::InvalidArgumentError("\"serve\" is no flag; --help lists them"));
  EXPECT_EQ(Parse({"--enable_model_warmup", "false"}),
            absl::InvalidArgumentError("\"false\" is no flag; --help lists them"))
      << "a boolean's value needs the =";
  EXPECT_EQ(Parse({"--", "serve"}), absl::InvalidArgumentError("\"--\" is no flag; --help lists them"));
  EXPECT_EQ(Parse({"-"}), absl::InvalidArgumentError("\"-\" is no flag; --help lists them"));
}

TEST_F(ParseFlagsTest, OnlyFlagsOfTheServerAreSuggested) {
  // absl's own "flagfile" is nearer.
  EXPECT_EQ(std::string(Parse({"--flagfil=x"}).message()).find("flagfile"), std::string::npos);
}

using ParseFlagsDeathTest = ParseFlagsTest;

TEST_F(ParseFlagsDeathTest, AValueThatDoesNotParseEndsTheProcess) {
  EXPECT_EXIT(Parse({"--port=many"}).IgnoreError(), ::testing::ExitedWithCode(1), HasSubstr("many"));
}

TEST_F(ParseFlagsDeathTest, VersionAndHelpEndTheProcessWithSuccess) {
  // Printed on standard output, which a death test does not look at.
  EXPECT_EXIT(Parse({"--version"}).IgnoreError(), ::testing::ExitedWithCode(0), "");
  EXPECT_EXIT(Parse({"--help"}).IgnoreError(), ::testing::ExitedWithCode(0), "");
}

}  // namespace
}  // namespace trilho

#include "cpp_server/config/flags.h"

#include <map>
#include <string>
#include <vector>

#include "absl/flags/flag.h"
#include "absl/flags/reflection.h"
#include "absl/strings/str_cat.h"
#include "cpp_server/config/flags_for_test.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace trilho {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

class ParseFlagsTest : public FlagsTest {};

TEST_F(ParseFlagsTest, TFServingsFlagsHaveItsDefaults) {
  const std::map<std::string, std::string> defaults = {
      {"port", "8500"},
      {"grpc_socket_path", ""},
      {"rest_api_port", "0"},
      {"rest_api_timeout_in_ms", "30000"},
      {"rest_api_enable_cors_support", "false"},
      {"enable_batching", "false"},
      {"batching_parameters_file", ""},
      {"enable_per_model_batching_parameters", "false"},
      {"allow_version_labels_for_unavailable_models", "false"},
      {"model_config_file", ""},
      {"model_config_file_poll_wait_seconds", "0"},
      {"model_name", "default"},
      {"model_base_path", ""},
      {"num_load_threads", "0"},
      {"num_unload_threads", "0"},
      {"max_num_load_retries", "5"},
      {"load_retry_interval_micros", "60000000"},
      {"file_system_poll_wait_seconds", "1"},
      {"flush_filesystem_caches", "true"},
      {"tensorflow_session_parallelism", "0"},
      {"tensorflow_inter_op_parallelism", "0"},
      {"tensorflow_session_config_file", ""},
      {"platform_config_file", ""},
      {"per_process_gpu_memory_fraction", "0"},
      {"saved_model_tags", "serve"},
      {"grpc_channel_arguments", ""},
      {"enable_model_warmup", "true"},
      {"num_request_iterations_for_warmup", "0"},
      {"monitoring_config_file", ""},
      {"remove_unused_fields_from_bundle_metagraph", "true"},
      {"prefer_tflite_model", "false"},
      {"num_tflite_interpreters_per_pool", "1"},
      {"enable_signature_method_name_check", "false"},
      {"xla_cpu_compilation_enabled", "false"},
      {"xla_gpu_compilation_enabled", "false"},
      {"enable_profiler", "true"},
      {"thread_pool_factory_config_file", ""},
      {"ssl_config_file", ""},
      {"use_alts_credentials", "false"},
      {"mixed_precision", ""},
      {"skip_initialize_tpu", "false"},
      {"enable_grpc_healthcheck_service", "false"},
      {"enable_serialization_as_tensor_content", "false"},
  };
  for (const auto& expected : defaults) {
    const absl::CommandLineFlag* const flag = absl::FindCommandLineFlag(expected.first);
    ASSERT_NE(flag, nullptr) << expected.first;
    EXPECT_EQ(flag->DefaultValue(), expected.second) << expected.first;
    const bool is_bool = expected.second == "true" || expected.second == "false";
    EXPECT_EQ(flag->IsOfType<bool>(), is_bool) << expected.first;
  }
}

TEST_F(ParseFlagsTest, ThreadsHaveDefaultsOfTheirOwn) {
  // TF Serving: 4 per CPU, which are connections' and not runs'; and one thread per CPU for each operation.
  EXPECT_EQ(absl::GetFlag(FLAGS_grpc_max_threads), 0);
  EXPECT_EQ(absl::GetFlag(FLAGS_rest_api_num_threads), 0);
  EXPECT_EQ(absl::GetFlag(FLAGS_tensorflow_intra_op_parallelism), 1);
}

TEST_F(ParseFlagsTest, DefaultsAreValues) {
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

TEST_F(ParseFlagsTest, KnowsWhatWasGivenInAnyForm) {
  ASSERT_TRUE(Parse({"--port=8500", "-model_name", "port", "--noenable_model_warmup", "--enable_batching"}).ok());
  for (const char* name : {"port", "model_name", "enable_model_warmup", "enable_batching"}) {
    EXPECT_TRUE(FlagWasGiven(name)) << name;
  }
  EXPECT_FALSE(FlagWasGiven("rest_api_port"));
  ASSERT_TRUE(Parse({}).ok());
  EXPECT_FALSE(FlagWasGiven("port"));
}

TEST_F(ParseFlagsTest, AValueThatCannotBeIsAnError) {
  EXPECT_EQ(Parse({"--port=70000"}), absl::InvalidArgumentError("--port is 70000; it must be from 0 to 65535"));
}

TEST_F(ParseFlagsTest, AllValuesThatCannotBeAreNamed) {
  const std::string message(Parse({"--port=70000", "--lame_duck_seconds=nan", "--platform_config_file=/x"}).message());
  for (const char* flag : {"--port", "--lame_duck_seconds", "--platform_config_file"}) {
    EXPECT_THAT(message, HasSubstr(flag));
  }
}

TEST_F(ParseFlagsTest, TheCheckOfTheConfigurationReportsValuesItself) {
  EXPECT_TRUE(Parse({"--check_config", "--port=70000"}).ok());
}

TEST_F(ParseFlagsTest, SaysWhichFlagsHaveNoEffect) {
  ::testing::internal::CaptureStderr();
  ASSERT_TRUE(Parse({"--num_load_threads=4", "--flush_filesystem_caches=true"}).ok());
  const std::string log = ::testing::internal::GetCapturedStderr();
  EXPECT_THAT(log, HasSubstr("--num_load_threads=4 has no effect: every model loads on a thread of its own"));
  EXPECT_THAT(log, Not(HasSubstr("flush_filesystem_caches")));
}

TEST_F(ParseFlagsTest, AValueThatDoesNotParseOrIsMissingIsAnError) {
  EXPECT_EQ(Parse({"--model_name=m", "--port=many"}),
            absl::InvalidArgumentError("Illegal value 'many' specified for flag 'port'"));
  EXPECT_EQ(Parse({"--port"}), absl::InvalidArgumentError("--port has no value"));
  EXPECT_EQ(Parse({"--noenable_batching=true"}), absl::InvalidArgumentError("--noenable_batching takes no value"));
}

class FlagFileTest : public FlagsTest {
 protected:
  // What the command line is told with a file of these lines.
  absl::Status ParseLines(const std::string& lines) { return Parse({"--flagfile=" + File("flags", lines)}); }
  // How what is said of a line begins.
  std::string In() { return absl::StrCat(::testing::TempDir(), "/flags: "); }
};

TEST_F(FlagFileTest, WhatIsNotTheDefaultIsToldWhereverItCameFrom) {
  ASSERT_TRUE(ParseLines("--model_base_path=/models\n--noenable_model_warmup\n--port=8500\n").ok());
  absl::SetFlag(&FLAGS_auth_token_file, "/etc/tokens");
  EXPECT_THAT(ChangedFlags(),
              ElementsAre("--auth_token_file=/etc/tokens", "--enable_model_warmup=false", "--model_base_path=/models"));
}

TEST_F(FlagFileTest, StandsWhereItIsNamed) {
  const std::string file = File("flags", "# Of a test.\n\n  --port=1\n-model_name=a b\n--noenable_model_warmup\n");
  ASSERT_TRUE(Parse({"--port=2", "--flagfile", file, "--model_base_path", "/models"}).ok());
  EXPECT_EQ(absl::GetFlag(FLAGS_port), 1);
  EXPECT_EQ(absl::GetFlag(FLAGS_model_name), "a b");
  EXPECT_FALSE(absl::GetFlag(FLAGS_enable_model_warmup));
  EXPECT_EQ(absl::GetFlag(FLAGS_model_base_path), "/models");
  ASSERT_TRUE(Parse({"--flagfile=" + file, "--port=2"}).ok());
  EXPECT_EQ(absl::GetFlag(FLAGS_port), 2);
}

TEST_F(FlagFileTest, SeveralAreReadInTheirOrderAndMayNameOthers) {
  const std::string inner = File("inner", "--port=3\n");
  const std::string outer = File("outer", absl::StrCat("--port=1\n--flagfile=", inner, "\n--model_name=outer\n"));
  const std::string last = File("last", "--model_name=last");
  ASSERT_TRUE(Parse({absl::StrCat("--flagfile=", outer, ",", last)}).ok());
  EXPECT_EQ(absl::GetFlag(FLAGS_port), 3);
  EXPECT_EQ(absl::GetFlag(FLAGS_model_name), "last");
}

TEST_F(FlagFileTest, GivesFlagsAsTheCommandLineDoes) {
  ::testing::internal::CaptureStderr();
  ASSERT_TRUE(ParseLines("--port=8500\n--noenable_model_warmup\n--num_load_threads=4\n").ok());
  EXPECT_THAT(::testing::internal::GetCapturedStderr(), HasSubstr("--num_load_threads=4 has no effect"));
  for (const char* name : {"port", "enable_model_warmup"}) EXPECT_TRUE(FlagWasGiven(name)) << name;
  EXPECT_FALSE(FlagWasGiven("rest_api_port"));
}

TEST_F(FlagFileTest, MistakesAreErrorsAndNotTheEndOfTheProcess) {
  const std::map<std::string, std::string> mistakes = {
      {"--port=1\n--prot=1", "unknown flag --prot; did you mean --port?"},
      {"--xyz", "unknown flag --xyz; --help lists them"},
      {"--port 1", "unknown flag --port 1; did you mean --port?"},
      {"--port=many", "Illegal value 'many' specified for flag 'port'"},
      {"--port\n--model_name=m", "--port has no value"},
      {"port=1", "\"port=1\" is no flag; --help lists them"},
      {"--", "\"--\" is no flag; --help lists them"},
  };
  for (const auto& [lines, what] : mistakes) EXPECT_EQ(ParseLines(lines), absl::InvalidArgumentError(In() + what));
  EXPECT_EQ(ParseLines("--port=70000"), absl::InvalidArgumentError("--port is 70000; it must be from 0 to 65535"));
}

TEST_F(FlagFileTest, WhatCannotBeReadIsAnError) {
  EXPECT_EQ(Parse({"--flagfile=/no/such"}), absl::InvalidArgumentError("--flagfile: cannot read /no/such"));
  EXPECT_EQ(Parse({"--flagfile=/"}), absl::InvalidArgumentError("--flagfile: cannot read /"));
  EXPECT_EQ(ParseLines(absl::StrCat("--flagfile=", ::testing::TempDir(), "/flags")),
            absl::InvalidArgumentError(In() + "--flagfile: more files than may be, which name one another"));
}

using ParseFlagsDeathTest = ParseFlagsTest;

TEST_F(ParseFlagsDeathTest, VersionAndHelpEndTheProcessWithSuccess) {
  // Printed on standard output, which a death test does not look at.
  EXPECT_EXIT(Parse({"--version"}).IgnoreError(), ::testing::ExitedWithCode(0), "");
  EXPECT_EXIT(Parse({"--help"}).IgnoreError(), ::testing::ExitedWithCode(0), "");
}

}  // namespace
}  // namespace trilho

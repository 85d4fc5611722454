#include "cpp_server/config/flag_problems.h"

#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "cpp_server/config/channel_arguments.h"
#include "cpp_server/config/compatibility_flags.h"
#include "cpp_server/config/flags_for_test.h"
#include "cpp_server/config/refused_flags.h"
#include "cpp_server/config/version_completeness.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace trilho {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Pair;
using ::testing::StartsWith;

class FlagProblemsTest : public FlagsTest {
 protected:
  // Of a command line with these flags, each test on its own.
  std::vector<std::string> ProblemsOf(std::vector<std::string> arguments) {
    const absl::FlagSaver saver;
    // Otherwise the first would be a problem of the command line.
    arguments.emplace_back("--check_config");
    const absl::Status parsed = Parse(arguments);
    EXPECT_TRUE(parsed.ok()) << parsed;
    return FlagProblems();
  }
};

TEST_F(FlagProblemsTest, DefaultsHaveNone) { EXPECT_THAT(ProblemsOf({}), IsEmpty()); }

TEST_F(FlagProblemsTest, IntegersStayInTheirRange) {
  for (const IntegerRange& range : IntegerRanges()) {
    const std::string flag = absl::StrCat("--", range.flag, "=");
    // Some ends are those of the flag's type, beyond which nothing parses.
    constexpr int64_t kLeastInt = std::numeric_limits<int>::min();
    constexpr int64_t kMostInt = std::numeric_limits<int>::max();
    if (range.least != kLeastInt) {
      EXPECT_THAT(ProblemsOf({absl::StrCat(flag, range.least - 1)}),
                  ElementsAre(StartsWith(absl::StrCat("--", range.flag, " is ", range.least - 1, "; it must be from ",
                                                      range.least, " to "))));
    }
    if (range.most != kMostInt && range.most != std::numeric_limits<int64_t>::max()) {
      EXPECT_THAT(ProblemsOf({absl::StrCat(flag, range.most + 1)}),
                  ElementsAre(HasSubstr(absl::StrCat(" to ", range.most))));
    }
    EXPECT_THAT(ProblemsOf({absl::StrCat(flag, range.least)}), IsEmpty()) << flag;
    EXPECT_THAT(ProblemsOf({absl::StrCat(flag, range.most)}), IsEmpty()) << flag;
  }
}

TEST_F(FlagProblemsTest, NumbersStayInTheirRange) {
  for (const NumberRange& range : NumberRanges()) {
    const std::string flag = absl::StrCat("--", range.flag, "=");
    for (const char* value : {"nan", "inf", "-inf", "1e10", "-1e10"}) {
      EXPECT_THAT(ProblemsOf({absl::StrCat(flag, value)}),
                  ElementsAre(StartsWith(absl::StrCat("--", range.flag, " is "))))
          << value;
    }
    EXPECT_THAT(ProblemsOf({absl::StrCat(flag, range.least)}), IsEmpty()) << flag;
    EXPECT_THAT(ProblemsOf({absl::StrCat(flag, range.most)}), IsEmpty()) << flag;
  }
}

TEST_F(FlagProblemsTest, DurationsAreNotNegativeWhereThatMeansNothing) {
  for (const char* flag :
       {"settle_seconds", "synthetic_warmup_seconds", "lame_duck_seconds", "shutdown_grace_seconds"}) {
    EXPECT_THAT(ProblemsOf({absl::StrCat("--", flag, "=-1")}), ElementsAre(HasSubstr(flag)));
  }
  EXPECT_THAT(ProblemsOf({"--file_system_poll_wait_seconds=-1"}), IsEmpty()) << "never";
}

TEST_F(FlagProblemsTest, APollIsNotRoundedToNone) {
  EXPECT_THAT(ProblemsOf({"--file_system_poll_wait_seconds=0.0001"}), ElementsAre(HasSubstr("at least 0.001")));
  EXPECT_THAT(ProblemsOf({"--file_system_poll_wait_seconds=0.001"}), IsEmpty());
}

// A value that is not the default of a flag.
std::string AnotherValue(const absl::CommandLineFlag& flag) {
  if (flag.IsOfType<bool>()) return flag.DefaultValue() == "true" ? "false" : "true";
  if (flag.IsOfType<std::string>()) return "/some/thing";
  return flag.IsOfType<float>() ? "0.5" : "1000001";
}

TEST_F(FlagProblemsTest, RefusedFlagsAreAcceptedAtTheirDefaultOnly) {
  ASSERT_THAT(RefusedFlags(), ::testing::Not(IsEmpty()));
  for (const RefusedFlag& refused : RefusedFlags()) {
    const absl::CommandLineFlag* const flag = absl::FindCommandLineFlag(refused.name);
    ASSERT_NE(flag, nullptr) << refused.name;
    const std::string value = AnotherValue(*flag);
    EXPECT_THAT(ProblemsOf({absl::StrCat("--", refused.name, "=", flag->DefaultValue())}), IsEmpty()) << refused.name;
    EXPECT_THAT(ProblemsOf({absl::StrCat("--", refused.name, "=", value)}),
                ElementsAre(absl::StrCat("--", refused.name, "=", value, " is not available here: ", refused.why, "; ",
                                         refused.instead)));
    if (flag->IsOfType<bool>()) {
      EXPECT_THAT(ProblemsOf({absl::StrCat("--", refused.name)}), ElementsAre(HasSubstr(refused.name))) << "bare";
    }
    const absl::FlagSaver saver;
    EXPECT_EQ(Parse({absl::StrCat("--", refused.name, "=", value)}).code(), absl::StatusCode::kInvalidArgument);
  }
}

TEST_F(FlagProblemsTest, CompatibilityFlagsAreAcceptedAndSpokenOfWhenTheyAskForWhatIsNotThere) {
  for (const CompatibilityFlag& compatible : CompatibilityFlags()) {
    const absl::FlagSaver saver;
    const absl::CommandLineFlag* const flag = absl::FindCommandLineFlag(compatible.name);
    ASSERT_NE(flag, nullptr) << compatible.name;
    ASSERT_TRUE(Parse({absl::StrCat("--", compatible.name, "=", compatible.as_it_is)}).ok()) << compatible.name;
    EXPECT_THAT(CompatibilityNotes({compatible.name}), IsEmpty()) << compatible.name;
    const std::string other =
        flag->IsOfType<bool>() ? (std::string(compatible.as_it_is) == "true" ? "false" : "true") : "4";
    ASSERT_TRUE(Parse({absl::StrCat("--", compatible.name, "=", other)}).ok()) << compatible.name;
    EXPECT_THAT(CompatibilityNotes({compatible.name}),
                ElementsAre(absl::StrCat("--", compatible.name, "=", other, " has no effect: ", compatible.why)));
    EXPECT_THAT(CompatibilityNotes({}), IsEmpty()) << "nobody asked for " << compatible.name;
  }
}

TEST_F(FlagProblemsTest, PortsDiffer) {
  EXPECT_THAT(ProblemsOf({"--rest_api_port=8500"}),
              ElementsAre("--rest_api_port and --port are both 8500; they must differ"));
  EXPECT_THAT(ProblemsOf({"--rest_api_port=8501", "--management_port=8501"}),
              ElementsAre("--management_port and --rest_api_port are both 8501; they must differ"));
  EXPECT_THAT(ProblemsOf({"--port=0", "--rest_api_port=0", "--management_port=0"}), IsEmpty());
}

TEST_F(FlagProblemsTest, TheAddressIsANumber) {
  for (const char* address : {"127.0.0.1", "::", "::1"}) {
    EXPECT_THAT(ProblemsOf({absl::StrCat("--bind_address=", address)}), IsEmpty()) << address;
  }
  for (const char* address : {"", "localhost", "1.2.3", "[::]"}) {
    EXPECT_THAT(ProblemsOf({absl::StrCat("--bind_address=", address)}), ElementsAre(HasSubstr("--bind_address is")));
  }
}

TEST_F(FlagProblemsTest, TlsIsOfAPortThatIsThere) {
  EXPECT_THAT(ProblemsOf({"--rest_api_ssl_config_file=/s", "--management_ssl_config_file=/s"}),
              ElementsAre("--rest_api_ssl_config_file is set without --rest_api_port",
                          "--management_ssl_config_file is set without --management_port"));
  EXPECT_THAT(ProblemsOf({"--rest_api_ssl_config_file=/s", "--management_ssl_config_file=/s", "--rest_api_port=-1",
                          "--management_port=8502"}),
              IsEmpty());
}

TEST_F(FlagProblemsTest, BatchingParametersNeedBatching) {
  EXPECT_THAT(
      ProblemsOf({"--batching_parameters_file=/b"}),
      ElementsAre("server_options.batching_parameters_file is set without setting "
                  "server_options.enable_batching to true. --batching_parameters_file needs --enable_batching"));
  EXPECT_THAT(ProblemsOf({"--batching_parameters_file=/b", "--enable_batching"}), IsEmpty());
}

TEST_F(FlagProblemsTest, ParallelismIsSetOnce) {
  EXPECT_THAT(ProblemsOf({"--tensorflow_session_parallelism=2", "--tensorflow_intra_op_parallelism=1",
                          "--tensorflow_inter_op_parallelism=1"}),
              ElementsAre(HasSubstr("You cannot configure all")));
  EXPECT_THAT(ProblemsOf({"--tensorflow_session_parallelism=2", "--tensorflow_inter_op_parallelism=1"}), IsEmpty())
      << "the default of the third does not count";
}

TEST_F(FlagProblemsTest, CompletenessIsOneOfItsNames) {
  for (const char* value : {"stable", "manifest", "success_file", "none"}) {
    EXPECT_THAT(ProblemsOf({absl::StrCat("--version_completeness=", value)}), IsEmpty()) << value;
  }
  EXPECT_THAT(
      ProblemsOf({"--version_completeness=done"}),
      ElementsAre("--version_completeness is \"done\"; it must be one of stable, manifest, success_file, none"));
  EXPECT_EQ(*ParseVersionCompleteness("success_file"), VersionCompleteness::kSuccessFile);
}

TEST_F(FlagProblemsTest, ChannelArgumentsAreKeysAndValues) {
  EXPECT_THAT(ProblemsOf({"--grpc_channel_arguments=a=1,b"}),
              ElementsAre("--grpc_channel_arguments: \"b\" is not of the form KEY=VALUE"));
  EXPECT_THAT(ProblemsOf({"--grpc_channel_arguments==1"}), ElementsAre(HasSubstr("\"=1\"")));
  const auto arguments = ParseChannelArguments("a=1,b=x=y,c=");
  ASSERT_TRUE(arguments.ok()) << arguments.status();
  EXPECT_THAT(*arguments, ElementsAre(Pair("a", "1"), Pair("b", "x=y"), Pair("c", "")));
  EXPECT_THAT(*ParseChannelArguments(""), IsEmpty());
}

}  // namespace
}  // namespace trilho

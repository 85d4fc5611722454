#include "cpp_server/config/flag_help.h"

#include <set>
#include <string>
#include <vector>

#include "absl/flags/reflection.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "cpp_server/config/compatibility_flags.h"
#include "cpp_server/config/refused_flags.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace trilho {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

std::vector<std::string> HelpLines() { return absl::StrSplit(FlagHelp(), '\n'); }

// The names of the flags below a title.
std::set<std::string> FlagsBelow(const std::string& title) {
  std::set<std::string> names;
  bool below = false;
  for (const std::string& line : HelpLines()) {
    if (absl::EndsWith(line, ":") && !absl::StartsWith(line, " ")) below = line == title + ":";
    if (below && absl::StartsWith(line, "  --")) names.insert(line.substr(4, line.find('=') - 4));
  }
  return names;
}

TEST(FlagHelpTest, HasEveryFlagOnce) {
  const std::string help = FlagHelp();
  ASSERT_GT(ServerFlags().size(), 50u);
  for (const std::string& name : ServerFlags()) {
    const std::string line = absl::StrCat("\n  --", name, "=");
    const size_t first = help.find(line);
    ASSERT_NE(first, std::string::npos) << name << " is in no group";
    EXPECT_EQ(help.find(line, first + 1), std::string::npos) << name;
  }
}

TEST(FlagHelpTest, HasTheGroupsInTheOrderOfTheirUse) {
  std::vector<std::string> titles;
  for (const std::string& line : HelpLines()) {
    if (absl::EndsWith(line, ":") && !absl::StartsWith(line, " ")) titles.push_back(line);
  }
  EXPECT_THAT(titles, ElementsAre("gRPC:", "REST:", "Models:", "TensorFlow:", "Batching:", "Security:",
                                  "Observability:", "Shutdown:", "Accepted for compatibility:", "Not available here:"));
}

TEST(FlagHelpTest, GroupsWhatHasNoEffectByTheTables) {
  std::set<std::string> compatible;
  for (const CompatibilityFlag& flag : CompatibilityFlags()) compatible.insert(flag.name);
  EXPECT_EQ(FlagsBelow("Accepted for compatibility"), compatible);
  std::set<std::string> refused;
  for (const RefusedFlag& flag : RefusedFlags()) refused.insert(flag.name);
  EXPECT_EQ(FlagsBelow("Not available here"), refused);
}

TEST(FlagHelpTest, SaysDefaultAndMeaning) {
  EXPECT_THAT(FlagHelp(),
              AllOf(HasSubstr("  --port=8500\n      gRPC port;"), HasSubstr("--help"), HasSubstr("--version")));
}

TEST(FlagHelpTest, FitsATerminal) {
  for (const std::string& line : HelpLines()) EXPECT_LE(line.size(), 100u) << line;
}

}  // namespace
}  // namespace trilho

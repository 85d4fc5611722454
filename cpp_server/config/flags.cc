#include "cpp_server/config/flags.h"

#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <memory>
#include <set>
#include <utility>

#include "absl/flags/flag.h"
#include "absl/flags/parse.h"
#include "absl/flags/reflection.h"
#include "absl/flags/usage_config.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "cpp_server/advice/nearest_name.h"
#include "cpp_server/config/compatibility_flags.h"
#include "cpp_server/config/flag_help.h"
#include "cpp_server/config/flag_problems.h"
#include "cpp_server/config/version.h"
#include "cpp_server/logging/log.h"
#include "tensorflow/c/c_api.h"

namespace trilho {
namespace {

// Of the last ParseFlags; never destroyed, as flags are not.
std::set<std::string>& GivenFlags() {
  static std::set<std::string>& given = *std::make_unique<std::set<std::string>>().release();
  return given;
}

// "port" of "--port=1", "-port" and "--noport"; empty for another word.
std::string FlagName(absl::string_view argument) {
  if (!absl::StartsWith(argument, "-") || argument == "-" || argument == "--") return "";
  argument.remove_prefix(absl::StartsWith(argument, "--") ? 2 : 1);
  return std::string(argument.substr(0, argument.find('=')));
}

// The flag that `name` sets: itself, or what "noNAME" negates. Empty if there is none.
std::string KnownFlag(const std::string& name) {
  // "version" is absl's to answer.
  if (name == "help" || name == "version") return name;
  if (absl::FindCommandLineFlag(name) != nullptr) return name;
  if (!absl::StartsWith(name, "no")) return "";
  const std::string negated = name.substr(2);
  const absl::CommandLineFlag* const flag = absl::FindCommandLineFlag(negated);
  return flag != nullptr && flag->IsOfType<bool>() ? negated : "";
}

}  // namespace

bool FlagWasGiven(const std::string& name) { return GivenFlags().count(name) != 0; }

absl::Status ParseFlags(int argc, char** argv) {
  absl::FlagsUsageConfig config;
  config.version_string = [] { return absl::StrCat("Trilho ", kVersion, "\nTensorFlow ", TF_Version(), "\n"); };
  absl::SetFlagsUsageConfig(config);

  // Before absl does: it would stop at the first unknown flag with no advice.
  std::set<std::string> given;
  std::vector<std::pair<absl::CommandLineFlag*, const char*>> values;
  for (int i = 1; i < argc; ++i) {
    const std::string name = FlagName(argv[i]);
    if (name.empty()) {
      // The value of "--flag value" was skipped below.
      return absl::InvalidArgumentError(absl::StrCat("\"", argv[i], "\" is no flag; --help lists them"));
    }
    const std::string known = KnownFlag(name);
    if (known.empty()) {
      const std::string nearest = NearestName(name, ServerFlags());
      return absl::InvalidArgumentError(absl::StrCat("unknown flag --", name,
                                                     nearest.empty() ? "" : "; did you mean --" + nearest + "?",
                                                     nearest.empty() ? "; --help lists them" : ""));
    }
    if (name == "help") {
      std::fputs(FlagHelp().c_str(), stdout);
      // absl's own --help exits with 1.
      std::exit(0);
    }
    given.insert(known);
    absl::CommandLineFlag* const flag = absl::FindCommandLineFlag(name);
    if (flag == nullptr) continue;  // negated, or absl's
    const absl::string_view argument = argv[i];
    const size_t equals = argument.find('=');
    const char* value = nullptr;
    if (equals != absl::string_view::npos) value = argv[i] + equals + 1;
    if (value == nullptr && !flag->IsOfType<bool>() && i + 1 < argc) value = argv[++i];
    if (value == nullptr && !flag->IsOfType<bool>()) {
      return absl::InvalidArgumentError(absl::StrCat("--", name, " has no value"));
    }
    if (value != nullptr) values.emplace_back(flag, value);
    if (name == "flagfile" && value != nullptr) {
      for (const absl::string_view file : absl::StrSplit(value, ',')) {
        // absl would end the process, with another exit code.
        if (!std::ifstream(std::string(file)).good()) {
          return absl::InvalidArgumentError(absl::StrCat("--flagfile: cannot read ", file));
        }
      }
    }
  }
  for (const auto& [flag, value] : values) {
    std::string error;
    // absl would end the process, with another exit code.
    if (!flag->ParseFrom(value, &error)) return absl::InvalidArgumentError(error);
  }
  absl::ParseCommandLine(argc, argv);
  GivenFlags() = std::move(given);

  const std::vector<std::string> problems = FlagProblems();
  if (!problems.empty() && !absl::GetFlag(FLAGS_check_config)) {
    return absl::InvalidArgumentError(absl::StrJoin(problems, "; "));
  }
  for (const std::string& note : CompatibilityNotes(GivenFlags())) Log(Severity::kInfo, note);
  return absl::OkStatus();
}

}  // namespace trilho

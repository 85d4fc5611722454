#include "cpp_server/config/flags.h"

#include <cstdio>
#include <cstdlib>
#include <deque>
#include <fstream>
#include <memory>
#include <set>
#include <utility>
#include <vector>

#include "absl/flags/flag.h"
#include "absl/flags/parse.h"
#include "absl/flags/reflection.h"
#include "absl/flags/usage_config.h"
#include "absl/strings/ascii.h"
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

// A word of the command line, or a line of a file of flags, which is then named.
struct Word {
  std::string text;
  std::string file;
};

struct Setting {
  absl::CommandLineFlag* flag;
  std::string value;
  std::string file;
};

struct CommandLine {
  std::set<std::string> given;
  std::vector<Setting> settings;
  // For absl, with the flags of files in the place of --flagfile.
  std::vector<std::string> words;
};

// Files that name one another would be read for ever.
constexpr int kMostFiles = 100;

absl::Status Mistake(const std::string& file, absl::string_view what) {
  return absl::InvalidArgumentError(absl::StrCat(file, file.empty() ? "" : ": ", what));
}

absl::Status UnknownFlag(const Word& word, const std::string& name) {
  const std::string nearest = NearestName(name, ServerFlags());
  return Mistake(word.file,
                 absl::StrCat("unknown flag --", name,
                              nearest.empty() ? "; --help lists them" : "; did you mean --" + nearest + "?"));
}

// Puts the flags of `files`, with commas between them, before `pending`.
absl::Status ReadFlagFiles(const std::string& files, std::deque<Word>* pending) {
  std::vector<Word> words;
  for (const std::string& file : std::vector<std::string>(absl::StrSplit(files, ','))) {
    std::ifstream in(file);
    for (std::string line; std::getline(in, line);) {
      const absl::string_view text = absl::StripLeadingAsciiWhitespace(line);
      if (!text.empty() && text[0] != '#') words.push_back({std::string(text), file});
    }
    // Not at its end: it could not be opened, or is a folder.
    if (!in.eof()) return absl::InvalidArgumentError(absl::StrCat("--flagfile: cannot read ", file));
  }
  pending->insert(pending->begin(), words.begin(), words.end());
  return absl::OkStatus();
}

// Before absl does: it would end the process, with another exit code and no
// advice, at the first unknown flag, and tells nobody what files gave.
absl::Status Read(int argc, char** argv, CommandLine* line) {
  std::deque<Word> pending;
  for (int i = 1; i < argc; ++i) pending.push_back({argv[i], ""});
  int files = 0;
  while (!pending.empty()) {
    const Word word = std::move(pending.front());
    pending.pop_front();
    const std::string name = FlagName(word.text);
    // The value of "--flag value" was taken below.
    if (name.empty()) return Mistake(word.file, absl::StrCat("\"", word.text, "\" is no flag; --help lists them"));
    const std::string known = KnownFlag(name);
    if (known.empty()) return UnknownFlag(word, name);
    if (name == "help") {
      std::fputs(FlagHelp().c_str(), stdout);
      // absl's own --help exits with 1.
      std::exit(0);
    }
    line->given.insert(known);
    absl::CommandLineFlag* const flag = absl::FindCommandLineFlag(name);
    const size_t equals = word.text.find('=');
    if (flag == nullptr && known != name && equals != std::string::npos) {
      return Mistake(word.file, absl::StrCat("--", name, " takes no value"));
    }
    if (flag == nullptr || (equals == std::string::npos && flag->IsOfType<bool>())) {
      // Negated, absl's, or true.
      line->words.push_back(word.text);
      continue;
    }
    std::string value;
    if (equals != std::string::npos) {
      value = word.text.substr(equals + 1);
    } else if (word.file.empty() && !pending.empty()) {
      value = std::move(pending.front().text);
      pending.pop_front();
    } else {
      return Mistake(word.file, absl::StrCat("--", name, " has no value"));
    }
    if (name == "flagfile") {
      if (++files > kMostFiles) return Mistake(word.file, "--flagfile: more files than may be, which name one another");
      const absl::Status read = ReadFlagFiles(value, &pending);
      if (!read.ok()) return read;
      continue;
    }
    line->words.push_back(absl::StrCat("--", name, "=", value));
    line->settings.push_back({flag, std::move(value), word.file});
  }
  return absl::OkStatus();
}

}  // namespace

bool FlagWasGiven(const std::string& name) { return GivenFlags().count(name) != 0; }

std::vector<std::string> ChangedFlags() {
  std::vector<std::string> changed;
  for (const std::string& name : ServerFlags()) {
    const absl::CommandLineFlag* const flag = absl::FindCommandLineFlag(name);
    const std::string value = flag->CurrentValue();
    if (value != flag->DefaultValue()) changed.push_back(absl::StrCat("--", name, "=", value));
  }
  return changed;
}

absl::Status ParseFlags(int argc, char** argv) {
  absl::FlagsUsageConfig config;
  config.version_string = [] { return absl::StrCat("Trilho ", kVersion, "\nTensorFlow ", TF_Version(), "\n"); };
  absl::SetFlagsUsageConfig(config);

  CommandLine line;
  const absl::Status read = Read(argc, argv, &line);
  if (!read.ok()) return read;
  for (const Setting& setting : line.settings) {
    std::string error;
    // absl would end the process, with another exit code.
    if (!setting.flag->ParseFrom(setting.value, &error)) return Mistake(setting.file, error);
  }
  std::vector<char*> words = {argv[0]};
  for (std::string& word : line.words) words.push_back(&word[0]);
  absl::ParseCommandLine(static_cast<int>(words.size()), words.data());
  GivenFlags() = std::move(line.given);

  const std::vector<std::string> problems = FlagProblems();
  if (!problems.empty() && !absl::GetFlag(FLAGS_check_config)) {
    return absl::InvalidArgumentError(absl::StrJoin(problems, "; "));
  }
  for (const std::string& note : CompatibilityNotes(GivenFlags())) Log(Severity::kInfo, note);
  return absl::OkStatus();
}

}  // namespace trilho

#include "cpp_server/config/flag_help.h"

#include <algorithm>

#include "absl/flags/reflection.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/string_view.h"

namespace trilho {
namespace {

constexpr char kUsage[] =
    "trilho_server serves TensorFlow models over gRPC and REST, with TF Serving's API and flag names.\n\n"
    "  trilho_server --model_name=mnist --model_base_path=/models/mnist\n"
    "  trilho_server --model_config_file=/etc/trilho/models.config --port=8500 --rest_api_port=8501\n\n"
    "--help prints this, --version the versions of server and TensorFlow.\n";

constexpr size_t kColumns = 100;

// A flag belongs to the group of the file that defines it.
struct Group {
  const char* title;
  const char* file;
};

constexpr Group kGroups[] = {
    {"gRPC", "flags_grpc.cc"},
    {"REST", "flags_rest.cc"},
    {"Models", "flags_models.cc"},
    {"TensorFlow", "flags_tensorflow.cc"},
    {"Batching", "flags_batching.cc"},
    {"Security", "flags_security.cc"},
    {"Observability", "flags_observability.cc"},
    {"Shutdown", "flags_shutdown.cc"},
    {"Accepted for compatibility", "compatibility_flags.cc"},
    {"Not available here", "refused_flags.cc"},
};

std::string Wrapped(absl::string_view text, absl::string_view indent) {
  std::string wrapped;
  size_t column = kColumns;
  for (absl::string_view word : absl::StrSplit(text, ' ', absl::SkipEmpty())) {
    if (column + 1 + word.size() > kColumns) {
      absl::StrAppend(&wrapped, wrapped.empty() ? "" : "\n", indent, word);
      column = indent.size() + word.size();
    } else {
      absl::StrAppend(&wrapped, " ", word);
      column += 1 + word.size();
    }
  }
  return wrapped;
}

}  // namespace

std::vector<std::string> ServerFlags() {
  std::vector<std::string> names;
  for (const auto& flag : absl::GetAllFlags()) {
    if (absl::StrContains(flag.second->Filename(), "cpp_server/")) names.emplace_back(flag.first);
  }
  std::sort(names.begin(), names.end());
  return names;
}

std::string FlagHelp() {
  std::string text = kUsage;
  const std::vector<std::string> names = ServerFlags();
  for (const Group& group : kGroups) {
    absl::StrAppend(&text, "\n", group.title, ":\n");
    for (const std::string& name : names) {
      const absl::CommandLineFlag* const flag = absl::FindCommandLineFlag(name);
      if (!absl::EndsWith(flag->Filename(), absl::StrCat("/", group.file))) continue;
      absl::StrAppend(&text, "  --", name, "=", flag->DefaultValue(), "\n", Wrapped(flag->Help(), "      "), "\n");
    }
  }
  return text;
}

}  // namespace trilho

#include "cpp_server/config/channel_arguments.h"

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"

namespace trilho {

absl::StatusOr<std::vector<std::pair<std::string, std::string>>> ParseChannelArguments(absl::string_view text) {
  std::vector<std::pair<std::string, std::string>> arguments;
  for (absl::string_view part : absl::StrSplit(text, ',', absl::SkipEmpty())) {
    const size_t equals = part.find('=');
    if (equals == absl::string_view::npos || equals == 0) {
      return absl::InvalidArgumentError(
          absl::StrCat("--grpc_channel_arguments: \"", part, "\" is not of the form KEY=VALUE"));
    }
    arguments.emplace_back(std::string(part.substr(0, equals)), std::string(part.substr(equals + 1)));
  }
  return arguments;
}

}  // namespace trilho

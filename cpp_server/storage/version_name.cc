#include "cpp_server/storage/version_name.h"

#include <algorithm>

#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"

namespace trilho {

absl::optional<int64_t> ParseVersion(absl::string_view folder_name) {
  // SimpleAtoi alone would take signs and blanks.
  if (folder_name.empty() || !std::all_of(folder_name.begin(), folder_name.end(), absl::ascii_isdigit)) {
    return absl::nullopt;
  }
  int64_t version = 0;
  if (!absl::SimpleAtoi(folder_name, &version)) return absl::nullopt;
  return version;
}

}  // namespace trilho

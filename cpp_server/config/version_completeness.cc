#include "cpp_server/config/version_completeness.h"

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"

namespace trilho {

absl::StatusOr<VersionCompleteness> ParseVersionCompleteness(absl::string_view text) {
  if (text == "stable") return VersionCompleteness::kStable;
  if (text == "manifest") return VersionCompleteness::kManifest;
  if (text == "success_file") return VersionCompleteness::kSuccessFile;
  if (text == "none") return VersionCompleteness::kNone;
  return absl::InvalidArgumentError(
      absl::StrCat("--version_completeness is \"", text, "\"; it must be one of stable, manifest, success_file, none"));
}

}  // namespace trilho

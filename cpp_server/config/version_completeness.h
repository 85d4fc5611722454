// --version_completeness.

#ifndef TRILHO_CPP_SERVER_CONFIG_VERSION_COMPLETENESS_H_
#define TRILHO_CPP_SERVER_CONFIG_VERSION_COMPLETENESS_H_

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace trilho {

// What a version must have before it is loaded.
enum class VersionCompleteness {
  // A manifest.json that holds, or without one a file _SUCCESS or files that have
  // come to rest.
  kStable,
  // A manifest.json that holds.
  kManifest,
  // A file _SUCCESS.
  kSuccessFile,
  // Its folder.
  kNone,
};

// Of "stable", "manifest", "success_file" or "none"; INVALID_ARGUMENT, listing
// these, for another text.
absl::StatusOr<VersionCompleteness> ParseVersionCompleteness(absl::string_view text);

}  // namespace trilho

#endif  // TRILHO_CPP_SERVER_CONFIG_VERSION_COMPLETENESS_H_

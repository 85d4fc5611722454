// --version_completeness.

#ifndef TRILHO_CPP_SERVER_CONFIG_VERSION_COMPLETENESS_H_
#define TRILHO_CPP_SERVER_CONFIG_VERSION_COMPLETENESS_H_

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "cpp_server/lifecycle/version_completeness.h"

namespace trilho {

// Reads "stable", "manifest", "success_file" or "none". INVALID_ARGUMENT, listing these, for another text.
absl::StatusOr<VersionCompleteness> ParseVersionCompleteness(absl::string_view text);

}  // namespace trilho

#endif  // TRILHO_CPP_SERVER_CONFIG_VERSION_COMPLETENESS_H_

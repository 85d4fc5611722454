// The names of versions.

#ifndef TRILHO_CPP_SERVER_STORAGE_VERSION_NAME_H_
#define TRILHO_CPP_SERVER_STORAGE_VERSION_NAME_H_

#include <cstdint>

#include "absl/strings/string_view.h"
#include "absl/types/optional.h"

namespace trilho {

// Returns the version that a folder of this name holds: digits only, leading zeros allowed, at most the largest int64.
// Nothing else is a version, so ".3", "3.tmp" and "3-partial" are names to write under before a rename.
absl::optional<int64_t> ParseVersion(absl::string_view folder_name);

}  // namespace trilho

#endif  // TRILHO_CPP_SERVER_STORAGE_VERSION_NAME_H_

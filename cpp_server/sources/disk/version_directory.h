// The folders of a model's versions: BASE_PATH/VERSION/.

#ifndef TRILHO_CPP_SERVER_SOURCES_DISK_VERSION_DIRECTORY_H_
#define TRILHO_CPP_SERVER_SOURCES_DISK_VERSION_DIRECTORY_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/optional.h"

namespace trilho {

struct VersionDirectory {
  int64_t version = 0;
  std::string path;
};

// The version that a folder of this name holds: digits only, leading zeros allowed, at most the largest int64. Nothing
// else is a version, so ".3", "3.tmp" and "3-partial" are names to write under before a rename.
absl::optional<int64_t> ParseVersion(absl::string_view folder_name);

// The versions below `base_path`, lowest first. Of two folders with the same number ("009", "9") the later in name
// order counts. NOT_FOUND if there is no folder `base_path`, or if it is a version itself.
absl::StatusOr<std::vector<VersionDirectory>> ListVersions(const std::string& base_path);

}  // namespace trilho

#endif  // TRILHO_CPP_SERVER_SOURCES_DISK_VERSION_DIRECTORY_H_

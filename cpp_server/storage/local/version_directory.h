// The folders of a model's versions: BASE_PATH/VERSION/.

#ifndef TRILHO_CPP_SERVER_STORAGE_LOCAL_VERSION_DIRECTORY_H_
#define TRILHO_CPP_SERVER_STORAGE_LOCAL_VERSION_DIRECTORY_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "cpp_server/storage/version_store.h"

namespace trilho {

// Returns the versions below `base_path`, lowest first. Of two folders with the same number ("009", "9") the later in
// name order counts. NOT_FOUND if there is no folder `base_path`, or if it is a version itself.
absl::StatusOr<std::vector<StoredVersion>> ListVersions(const std::string& base_path);

}  // namespace trilho

#endif  // TRILHO_CPP_SERVER_STORAGE_LOCAL_VERSION_DIRECTORY_H_

#include "cpp_server/storage/local/local_store.h"

#include "cpp_server/storage/local/file_listing.h"
#include "cpp_server/storage/local/version_directory.h"

namespace trilho {

absl::StatusOr<std::vector<StoredVersion>> LocalStore::List(const std::string& base) const {
  return ListVersions(base);
}

absl::StatusOr<FileListing> LocalStore::Stat(const StoredVersion& version) const { return ListFiles(version.path); }

absl::StatusOr<std::string> LocalStore::Fetch(const StoredVersion& version, const std::atomic<bool>& /*stop*/) const {
  return version.path;
}

}  // namespace trilho

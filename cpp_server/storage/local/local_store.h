// Versions in folders that this machine has mounted.

#ifndef TRILHO_CPP_SERVER_STORAGE_LOCAL_LOCAL_STORE_H_
#define TRILHO_CPP_SERVER_STORAGE_LOCAL_LOCAL_STORE_H_

#include <atomic>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "cpp_server/storage/version_store.h"

namespace trilho {

// Its bases are absolute paths. Links are followed. A version is its own copy: Fetch looks at nothing and returns its
// path, so a version that goes is missed by whoever reads its files. FIFOs, sockets and devices are
// FAILED_PRECONDITION, as whoever reads them may wait without end.
class LocalStore final : public VersionStore {
 public:
  absl::StatusOr<std::vector<StoredVersion>> List(const std::string& base) const override;
  absl::StatusOr<FileListing> Stat(const StoredVersion& version) const override;
  absl::StatusOr<std::string> Fetch(const StoredVersion& version, const std::atomic<bool>& stop) const override;
};

}  // namespace trilho

#endif  // TRILHO_CPP_SERVER_STORAGE_LOCAL_LOCAL_STORE_H_

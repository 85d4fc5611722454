// Where the bytes of versions are.

#ifndef TRILHO_CPP_SERVER_STORAGE_VERSION_STORE_H_
#define TRILHO_CPP_SERVER_STORAGE_VERSION_STORE_H_

#include <atomic>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "absl/status/statusor.h"

namespace trilho {

struct FileStamp {
  int64_t size = 0;
  // Nanoseconds since 1970 at which the file came to be what it is, by the store's clock. A file is never older than
  // its arrival in the store, whatever time of modification a copy has kept.
  int64_t changed = 0;
};

inline bool operator==(const FileStamp& a, const FileStamp& b) { return a.size == b.size && a.changed == b.changed; }

// Files by their paths relative to a version, "/" between parts.
using FileListing = std::map<std::string, FileStamp>;

// A version as a store has it.
struct StoredVersion {
  int64_t version = 0;
  // Names it in its store: a local path, or a URL.
  std::string path;
};

// Lists and fetches the versions BASE/VERSION/ of models. Knows what is there, and neither what should be served nor
// what was found wrong with it: a version that is still being written is listed as far as it is there. A driver is a
// folder beside `local/`, a row in stores.cc and an instance of conformance_test.h.
//
// Errors tell what is absent from what cannot be known:
// - NOT_FOUND: the store has answered that it is not there.
// - UNAVAILABLE: the store did not answer, refused to, or changed meanwhile. Nothing follows for what is served, and
//   the caller asks again later.
// - FAILED_PRECONDITION: the version holds something that no version may have, until somebody takes it away.
// Messages name the path and the store's reason.
//
// Thread-safe. Each call may block as long as the storage does, and then holds up nobody but its caller: a driver holds
// no lock while it waits.
class VersionStore {
 public:
  VersionStore() = default;
  VersionStore(const VersionStore&) = delete;
  VersionStore& operator=(const VersionStore&) = delete;
  virtual ~VersionStore() = default;

  // Returns the versions below `base`, lowest first, each once, as ParseVersion reads their names. Of two names with
  // one number ("009", "9") the later in the order of names counts. NOT_FOUND if there is no `base`, or if it is a
  // version itself.
  virtual absl::StatusOr<std::vector<StoredVersion>> List(const std::string& base) const = 0;

  // Returns all files of a version, at any depth, without reading them.
  virtual absl::StatusOr<FileListing> Stat(const StoredVersion& version) const = 0;

  // Brings the files of a version to a local folder and returns its path. CANCELLED soon after `stop` becomes true; a
  // store that copies nothing need not look at it. What was fetched and has not changed in the store is not brought
  // again. When an error is returned, no part of a copy is left where a later call would take it for whole.
  //
  // The folder belongs to the store: callers read it and write nothing there. It stays until the store is destroyed or
  // List no longer has the version. Its files are as complete as those that were in the store: that they are what they
  // should be, is for the caller to verify.
  virtual absl::StatusOr<std::string> Fetch(const StoredVersion& version, const std::atomic<bool>& stop) const = 0;
};

}  // namespace trilho

#endif  // TRILHO_CPP_SERVER_STORAGE_VERSION_STORE_H_

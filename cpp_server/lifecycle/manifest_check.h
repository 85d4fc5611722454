// Compares a version with its manifest.

#ifndef TRILHO_CPP_SERVER_LIFECYCLE_MANIFEST_CHECK_H_
#define TRILHO_CPP_SERVER_LIFECYCLE_MANIFEST_CHECK_H_

#include <atomic>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "cpp_server/storage/version_store.h"
#include "trilho/manifest.pb.h"

namespace trilho {

extern const char kManifestName[];  // "manifest.json"

// Reads `folder`/manifest.json; fields that this server does not know are ignored. DATA_LOSS if it does not parse,
// FAILED_PRECONDITION if its format is newer than this server, or if it has more than 16 MiB.
absl::StatusOr<Manifest> ReadManifest(const std::string& folder);

// Compares the files of `folder`, of which `listing` is the listing, with `manifest`: their sizes first, then their
// checksums, which reads all of them. Files that the manifest does not name are no error. DATA_LOSS names the file,
// what was expected and what was found; INVALID_ARGUMENT a path that leads out of the folder; CANCELLED soon after
// `stop` becomes true.
absl::Status CheckManifest(const Manifest& manifest, const std::string& folder, const FileListing& listing,
                           const std::atomic<bool>& stop);

}  // namespace trilho

#endif  // TRILHO_CPP_SERVER_LIFECYCLE_MANIFEST_CHECK_H_

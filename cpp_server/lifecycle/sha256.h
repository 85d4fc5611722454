// Checksums of files.

#ifndef TRILHO_CPP_SERVER_LIFECYCLE_SHA256_H_
#define TRILHO_CPP_SERVER_LIFECYCLE_SHA256_H_

#include <atomic>
#include <string>

#include "absl/status/statusor.h"

namespace trilho {

// The SHA-256 of what `path` holds, 64 lower-case hexadecimal digits. UNAVAILABLE if it cannot be read,
// INVALID_ARGUMENT if it is no plain file; CANCELLED soon after `stop` becomes true.
absl::StatusOr<std::string> Sha256OfFile(const std::string& path, const std::atomic<bool>& stop);

}  // namespace trilho

#endif  // TRILHO_CPP_SERVER_LIFECYCLE_SHA256_H_

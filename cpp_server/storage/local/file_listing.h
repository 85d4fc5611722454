// Lists what a folder holds, without reading it.

#ifndef TRILHO_CPP_SERVER_STORAGE_LOCAL_FILE_LISTING_H_
#define TRILHO_CPP_SERVER_STORAGE_LOCAL_FILE_LISTING_H_

#include <string>

#include "absl/status/statusor.h"
#include "cpp_server/storage/version_store.h"

namespace trilho {

// Returns all files below `folder`, at any depth, each with the later of its times of modification and of status
// change: a copy that keeps the former (rsync -a, tar) cannot keep the latter. Links are followed. FAILED_PRECONDITION,
// naming it, for a FIFO, a socket or a device, which whoever reads it may wait for without end, and for too many files
// or too deep a folder; NOT_FOUND if there is no such folder; UNAVAILABLE if it cannot be read, or changes too fast to
// be listed.
absl::StatusOr<FileListing> ListFiles(const std::string& folder);

}  // namespace trilho

#endif  // TRILHO_CPP_SERVER_STORAGE_LOCAL_FILE_LISTING_H_

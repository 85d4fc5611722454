// What a folder holds, as far as can be seen without reading it.

#ifndef TRILHO_CPP_SERVER_SOURCES_DISK_FILE_LISTING_H_
#define TRILHO_CPP_SERVER_SOURCES_DISK_FILE_LISTING_H_

#include <cstdint>
#include <map>
#include <string>

#include "absl/status/statusor.h"

namespace trilho {

struct FileStamp {
  int64_t size = 0;
  // Nanoseconds since 1970: the later of the times of modification and of status change. A copy that keeps the former
  // (rsync -a, tar) cannot keep the latter, so a file is never older than its arrival here.
  int64_t changed = 0;
};

inline bool operator==(const FileStamp& a, const FileStamp& b) { return a.size == b.size && a.changed == b.changed; }

// By path relative to the folder, "/" between parts.
using FileListing = std::map<std::string, FileStamp>;

// All files below `folder`, at any depth. Links to files count as the files, links to folders are not followed.
// FAILED_PRECONDITION, naming it,
// for a FIFO, a socket or a device, which whoever reads it may wait for without end, and for too many files or too deep
// a folder; NOT_FOUND if there is no such folder; UNAVAILABLE if it cannot be read, or changes too fast to be listed.
absl::StatusOr<FileListing> ListFiles(const std::string& folder);

}  // namespace trilho

#endif  // TRILHO_CPP_SERVER_SOURCES_DISK_FILE_LISTING_H_

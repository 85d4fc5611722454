// Files that come from elsewhere, and may be anything.

#ifndef TRILHO_CPP_SERVER_FILES_PLAIN_FILE_H_
#define TRILHO_CPP_SERVER_FILES_PLAIN_FILE_H_

#include <sys/types.h>

#include <cstdint>
#include <cstdio>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace trilho {

struct CloseFile {
  void operator()(std::FILE* file) const { std::fclose(file); }
};
using File = std::unique_ptr<std::FILE, CloseFile>;

// Returns "a FIFO", "a socket", "a device", "a folder" or "a plain file" for a st_mode.
const char* KindOfFile(mode_t mode);

// Opens a plain file, or a link to one, for reading. Anything else is INVALID_ARGUMENT with its kind, and is not
// opened: a FIFO would wait for somebody to write, a device may have no end. The code of the system's error otherwise.
absl::StatusOr<File> OpenPlainFile(const std::string& path);

// Reads all of it. FAILED_PRECONDITION if it has more than `max_bytes`.
absl::StatusOr<std::string> ReadPlainFile(const std::string& path, int64_t max_bytes);

// Looks at everything below `folder`, links followed. FAILED_PRECONDITION, naming it, for the first that is neither a
// folder nor a plain file. What cannot be looked at is left to whoever opens it.
absl::Status CheckOnlyPlainFiles(const std::string& folder);

}  // namespace trilho

#endif  // TRILHO_CPP_SERVER_FILES_PLAIN_FILE_H_

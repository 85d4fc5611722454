// The names of log files: PREFIX-YYYYMMDDThhmmss-NNNNN.tfrecord, in UTC.

#ifndef TRILHO_CPP_SERVER_REQUEST_LOG_LOG_FILE_NAME_H_
#define TRILHO_CPP_SERVER_REQUEST_LOG_LOG_FILE_NAME_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"

namespace trilho {

// Follows the name while a file is written.
constexpr char kPartSuffix[] = ".part";
// Follows the name of a file that was left with a wrong record in it.
constexpr char kDamagedSuffix[] = ".damaged";

// The path of the `sequence`th file, of which five digits count.
std::string LogFilePath(absl::string_view prefix, absl::Time time, uint64_t sequence);

struct LogFile {
  enum class Kind { kClosed, kPart, kDamaged };
  std::string path;
  // Without the suffix of a part or a damaged file.
  std::string closed_path;
  Kind kind = Kind::kClosed;
  int64_t bytes = 0;
};

// The files of this prefix, and of no other that begins with it, oldest first by their names.
absl::StatusOr<std::vector<LogFile>> ListLogFiles(const std::string& prefix);

}  // namespace trilho

#endif  // TRILHO_CPP_SERVER_REQUEST_LOG_LOG_FILE_NAME_H_

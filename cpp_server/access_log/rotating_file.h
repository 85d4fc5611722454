// A file of whole lines that does not grow for ever.

#ifndef TRILHO_CPP_SERVER_ACCESS_LOG_ROTATING_FILE_H_
#define TRILHO_CPP_SERVER_ACCESS_LOG_ROTATING_FILE_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace trilho {

// Appends to PATH; when it is full, renames it to PATH.1, PATH.1 to PATH.2 and so on, and begins anew. "-" is standard
// error, which is never full. Nobody else may rotate the file at the same time; see Reopen.
//
// Not thread-safe.
class RotatingFile {
 public:
  struct Options {
    std::string path;
    // A file does not become larger, unless a single line is; 0 means without bound.
    uint64_t max_bytes = 0;
    // How many full files are kept; with 0 they are deleted.
    int keep = 0;
  };

  // Opens PATH for appending, or creates it. A last line that lacks its end, as a machine that went down may leave it,
  // is ended.
  static absl::StatusOr<RotatingFile> Open(Options options);

  ~RotatingFile();
  RotatingFile(RotatingFile&& other) noexcept;
  RotatingFile(const RotatingFile&) = delete;
  RotatingFile& operator=(const RotatingFile&) = delete;

  // Writes `lines`, each with its line feed. After an error some of them may be missing; there is no part of a line in
  // a regular file even then. `*lost` is the number of lines that were not written.
  absl::Status Write(absl::string_view lines, uint64_t* lost);

  // Opens PATH again, since somebody has renamed or deleted it. After an error goes on with the file it had.
  absl::Status Reopen();

 private:
  explicit RotatingFile(Options options) : options_(std::move(options)) {}

  absl::Status OpenPath();
  absl::Status Rotate();
  // All or, in a regular file, nothing.
  absl::Status WriteAll(absl::string_view lines);
  // Removes what a write that failed has left; a disk that becomes full takes part of what it is given.
  void TakeBack(size_t bytes);
  std::string Rotated(int number) const;
  void Close();

  Options options_;
  int fd_ = -1;
  bool regular_ = false;
  uint64_t size_ = 0;
};

}  // namespace trilho

#endif  // TRILHO_CPP_SERVER_ACCESS_LOG_ROTATING_FILE_H_

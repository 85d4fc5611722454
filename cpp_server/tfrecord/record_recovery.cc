#include "cpp_server/tfrecord/record_recovery.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <limits>

#include "absl/strings/str_cat.h"
#include "cpp_server/tfrecord/record_reader.h"

namespace trilho {
namespace {

// Closed, and so unlocked, when the object ends.
class OpenFile {
 public:
  explicit OpenFile(const std::string& path) : fd_(::open(path.c_str(), O_RDWR | O_CLOEXEC)) {}
  ~OpenFile() {
    if (fd_ >= 0) ::close(fd_);
  }
  OpenFile(const OpenFile&) = delete;
  OpenFile& operator=(const OpenFile&) = delete;

  int fd() const { return fd_; }

 private:
  const int fd_;
};

}  // namespace

absl::StatusOr<RecoveredRecords> RecoverRecordFile(const std::string& path) {
  const OpenFile file(path);
  if (file.fd() < 0) return absl::ErrnoToStatus(errno, absl::StrCat("Cannot open ", path));
  // Any other error means a file system without locks, where nobody can hold one.
  if (::flock(file.fd(), LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK) {
    return absl::UnavailableError(absl::StrCat(path, " is still being written"));
  }
  struct stat info;
  if (::fstat(file.fd(), &info) != 0) return absl::ErrnoToStatus(errno, absl::StrCat("Cannot look at ", path));

  RecordReader::Options options;
  options.max_record_bytes = std::numeric_limits<int64_t>::max();  // the reader goes by the file's size
  auto reader = RecordReader::Open(path, options);
  if (!reader.ok()) return reader.status();
  RecoveredRecords recovered;
  std::string record;
  auto more = (*reader)->Read(&record);
  for (; more.ok() && *more; more = (*reader)->Read(&record)) ++recovered.records;
  recovered.bytes = (*reader)->offset();
  if (more.ok()) return recovered;

  if (!(*reader)->truncated()) return more.status();
  if (::ftruncate(file.fd(), recovered.bytes) != 0) {
    return absl::ErrnoToStatus(errno, absl::StrCat("Cannot truncate ", path));
  }
  recovered.bytes_cut = int64_t{info.st_size} - recovered.bytes;
  return recovered;
}

}  // namespace trilho

#include "cpp_server/access_log/rotating_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <utility>

#include "absl/strings/str_cat.h"

namespace trilho {
namespace {

constexpr char kStandardError[] = "-";

absl::Status SystemError(int error, absl::string_view what, const std::string& path) {
  return absl::ErrnoToStatus(error, absl::StrCat("cannot ", what, " ", path));
}

// False also if it cannot be read.
bool LacksLineFeed(const std::string& path, uint64_t size) {
  if (size == 0) return false;
  const int fd = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) return false;
  char last = '\n';
  const ssize_t read = pread(fd, &last, 1, static_cast<off_t>(size - 1));
  close(fd);
  return read == 1 && last != '\n';
}

// How many bytes of `lines` fit into `room`, in whole lines.
size_t WholeLines(absl::string_view lines, uint64_t room) {
  if (lines.size() <= room) return lines.size();
  if (room == 0) return 0;
  const size_t end = lines.rfind('\n', static_cast<size_t>(room) - 1);
  return end == absl::string_view::npos ? 0 : end + 1;
}

size_t FirstLine(absl::string_view lines) {
  const size_t end = lines.find('\n');
  return end == absl::string_view::npos ? lines.size() : end + 1;
}

}  // namespace

absl::StatusOr<RotatingFile> RotatingFile::Open(Options options) {
  if (options.path.empty()) return absl::InvalidArgumentError("the path is empty; give a file, or - for stderr");
  if (options.keep < 0) {
    return absl::InvalidArgumentError(absl::StrCat("the number of files to keep is ", options.keep, ", less than 0"));
  }
  RotatingFile file(std::move(options));
  const absl::Status opened = file.OpenPath();
  if (!opened.ok()) return opened;
  return file;
}

RotatingFile::~RotatingFile() { Close(); }

RotatingFile::RotatingFile(RotatingFile&& other) noexcept
    : options_(std::move(other.options_)),
      fd_(std::exchange(other.fd_, -1)),
      regular_(other.regular_),
      size_(other.size_) {}

void RotatingFile::Close() {
  if (fd_ >= 0 && fd_ != STDERR_FILENO) close(fd_);
  fd_ = -1;
}

absl::Status RotatingFile::OpenPath() {
  if (options_.path == kStandardError) {
    fd_ = STDERR_FILENO;
    return absl::OkStatus();
  }
  constexpr mode_t kMode = 0644;
  const int fd = open(options_.path.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, kMode);
  if (fd < 0) return SystemError(errno, "open", options_.path);
  struct stat status;
  if (fstat(fd, &status) != 0) {
    const int error = errno;
    close(fd);
    return SystemError(error, "look at", options_.path);
  }
  Close();
  fd_ = fd;
  regular_ = S_ISREG(status.st_mode);
  size_ = regular_ ? static_cast<uint64_t>(status.st_size) : 0;
  return regular_ && LacksLineFeed(options_.path, size_) ? WriteAll("\n") : absl::OkStatus();
}

absl::Status RotatingFile::Reopen() { return OpenPath(); }

std::string RotatingFile::Rotated(int number) const { return absl::StrCat(options_.path, ".", number); }

absl::Status RotatingFile::Rotate() {
  // It was renamed already, but a new one could not be opened then: renaming the others again would lose the last.
  if (access(options_.path.c_str(), F_OK) != 0 && errno == ENOENT) return OpenPath();
  if (options_.keep == 0) {
    if (unlink(options_.path.c_str()) != 0 && errno != ENOENT) return SystemError(errno, "delete", options_.path);
    return OpenPath();
  }
  for (int number = options_.keep - 1; number >= 0; --number) {
    const std::string from = number == 0 ? options_.path : Rotated(number);
    if (std::rename(from.c_str(), Rotated(number + 1).c_str()) != 0 && errno != ENOENT) {
      return SystemError(errno, "rename", from);
    }
  }
  return OpenPath();
}

absl::Status RotatingFile::Write(absl::string_view lines, uint64_t* lost) {
  *lost = 0;
  absl::Status first_error;
  while (!lines.empty()) {
    const bool bounded = regular_ && options_.max_bytes > 0;
    const uint64_t room = bounded ? options_.max_bytes - std::min(size_, options_.max_bytes) : lines.size();
    size_t size = WholeLines(lines, room);
    if (size == 0 && size_ > 0) {
      const absl::Status rotated = Rotate();
      if (rotated.ok()) continue;
      // Better a file that grows on than no log.
      first_error.Update(rotated);
      size = lines.size();
    } else if (size == 0) {
      size = FirstLine(lines);
    }
    const absl::string_view part = lines.substr(0, size);
    const absl::Status written = WriteAll(part);
    if (!written.ok()) *lost += static_cast<uint64_t>(std::count(part.begin(), part.end(), '\n'));
    first_error.Update(written);
    lines.remove_prefix(size);
  }
  return first_error;
}

void RotatingFile::TakeBack(size_t bytes) {
  // From the end as it is now, which somebody may have moved who empties the file in place.
  struct stat status;
  if (!regular_ || fstat(fd_, &status) != 0 || status.st_size < static_cast<off_t>(bytes)) return;
  // If not even this works, the next line follows the torn one, which nobody can help.
  if (ftruncate(fd_, status.st_size - static_cast<off_t>(bytes)) != 0) size_ += bytes;
}

absl::Status RotatingFile::WriteAll(absl::string_view lines) {
  size_t done = 0;
  while (done < lines.size()) {
    const ssize_t written = write(fd_, lines.data() + done, lines.size() - done);
    if (written >= 0) {
      done += static_cast<size_t>(written);
    } else if (errno != EINTR) {
      const int error = errno;
      if (done > 0) TakeBack(done);
      return SystemError(error, "write", options_.path);
    }
  }
  size_ += lines.size();
  return absl::OkStatus();
}

}  // namespace trilho

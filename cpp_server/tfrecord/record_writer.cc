#include "cpp_server/tfrecord/record_writer.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

#include "absl/strings/str_cat.h"
#include "cpp_server/tfrecord/crc32c.h"
#include "cpp_server/tfrecord/record_header.h"

namespace trilho {
namespace {

// Records that do not fit are written without a copy.
constexpr size_t kBufferBytes = size_t{64} << 10;

}  // namespace

absl::StatusOr<std::unique_ptr<RecordWriter>> RecordWriter::Create(const std::string& path) {
  const int fd = ::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
  if (fd < 0) return absl::ErrnoToStatus(errno, absl::StrCat("Cannot create ", path));
  auto writer = std::unique_ptr<RecordWriter>(new RecordWriter(path, fd));
  // Some network file systems know no locks: one that cannot be had is no reason not to write.
  while (::flock(fd, LOCK_EX) != 0 && errno == EINTR) {
  }
  struct stat info;
  if (::fstat(fd, &info) != 0) return absl::ErrnoToStatus(errno, absl::StrCat("Cannot look at ", path));
  // Between open and lock somebody may have taken the empty file for one left behind.
  if (info.st_nlink == 0) return absl::AlreadyExistsError(absl::StrCat(path, " was removed while it was created"));
  return writer;
}

RecordWriter::RecordWriter(std::string path, int fd) : path_(std::move(path)), fd_(fd) {}

RecordWriter::~RecordWriter() {
  if (fd_ < 0) return;
  Flush().IgnoreError();  // whoever wants to know has called Close()
  ::close(fd_);
}

absl::Status RecordWriter::Append(absl::string_view record) {
  if (!status_.ok()) return status_;
  char header[kRecordHeaderSize];
  StoreLittleEndian(uint64_t{record.size()}, header);
  StoreLittleEndian(MaskedCrc32c(absl::string_view(header, kRecordLengthSize)), header + kRecordLengthSize);
  char crc[kRecordCrcSize];
  StoreLittleEndian(MaskedCrc32c(record), crc);

  if (buffer_.size() + record.size() + kRecordFraming > kBufferBytes) {
    absl::Status flushed = Flush();
    if (!flushed.ok()) return flushed;
  }
  size_ += SizeInFile(record.size());
  buffer_.append(header, sizeof(header));
  if (record.size() < kBufferBytes) {
    buffer_.append(record.data(), record.size());
  } else {
    absl::Status written = Flush();
    if (written.ok()) written = Write(record);
    if (!written.ok()) return written;
  }
  buffer_.append(crc, sizeof(crc));
  return absl::OkStatus();
}

absl::Status RecordWriter::Flush() {
  if (!status_.ok()) return status_;
  absl::Status written = Write(buffer_);
  buffer_.clear();
  return written;
}

absl::Status RecordWriter::Close() {
  absl::Status status = Flush();
  if (fd_ < 0) return status;
  if (status.ok() && ::fdatasync(fd_) != 0 && errno != EINVAL) {
    status = absl::ErrnoToStatus(errno, absl::StrCat("Cannot sync ", path_));
  }
  if (::close(fd_) != 0 && status.ok()) status = absl::ErrnoToStatus(errno, absl::StrCat("Cannot close ", path_));
  fd_ = -1;
  status_ = absl::FailedPreconditionError(absl::StrCat(path_, " is closed"));
  return status;
}

int64_t RecordWriter::SizeInFile(size_t record_size) { return static_cast<int64_t>(record_size + kRecordFraming); }

absl::Status RecordWriter::Write(absl::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t written = ::write(fd_, bytes.data(), bytes.size());
    if (written > 0) {
      bytes.remove_prefix(static_cast<size_t>(written));
    } else if (written == 0 || errno != EINTR) {
      status_ = absl::ErrnoToStatus(written == 0 ? EIO : errno, absl::StrCat("Cannot write ", path_));
      return status_;
    }
  }
  return absl::OkStatus();
}

}  // namespace trilho

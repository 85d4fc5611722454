// Writes TFRecord files.

#ifndef TRILHO_CPP_SERVER_TFRECORD_RECORD_WRITER_H_
#define TRILHO_CPP_SERVER_TFRECORD_RECORD_WRITER_H_

#include <cstdint>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace trilho {

// Writes a new file. It is locked (flock) while open, so that others can tell a file in use from one that a killed
// process has left: see RecoverRecordFile().
//
// After an error of a write the file may end inside of a record, and every later call returns that error; Close() still
// closes. For one thread.
class RecordWriter {
 public:
  // Never opens a file that is there: ALREADY_EXISTS. Otherwise the code of the system's error.
  static absl::StatusOr<std::unique_ptr<RecordWriter>> Create(const std::string& path);
  // Writes what is buffered and closes; call Close() to learn of errors.
  ~RecordWriter();
  RecordWriter(const RecordWriter&) = delete;
  RecordWriter& operator=(const RecordWriter&) = delete;

  // Small records may stay in a buffer until the next Flush().
  absl::Status Append(absl::string_view record);

  // Gives all appended records to the system: the end of this process does not lose them, a power cut may.
  absl::Status Flush();

  // Flushes, waits until the disk has it all, and closes. Later calls of any method fail, FAILED_PRECONDITION.
  absl::Status Close();

  // Of the file when all is flushed.
  int64_t size() const { return size_; }

  // What Append() of such a record adds to size().
  static int64_t SizeInFile(size_t record_size);

 private:
  RecordWriter(std::string path, int fd);

  // `bytes` to the system; an error stays in status_.
  absl::Status Write(absl::string_view bytes);

  const std::string path_;
  // -1 once closed.
  int fd_;
  std::string buffer_;
  int64_t size_ = 0;
  absl::Status status_;
};

}  // namespace trilho

#endif  // TRILHO_CPP_SERVER_TFRECORD_RECORD_WRITER_H_

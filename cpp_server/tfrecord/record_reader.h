// Reads TFRecord files.

#ifndef TRILHO_CPP_SERVER_TFRECORD_RECORD_READER_H_
#define TRILHO_CPP_SERVER_TFRECORD_RECORD_READER_H_

#include <cstdint>
#include <cstdio>
#include <limits>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "cpp_server/files/plain_file.h"

namespace trilho {

// Reads one record after another and holds one at a time. Memory is taken only for records that the file is long enough
// to hold, whatever their length claims. For one thread.
class RecordReader {
 public:
  struct Options {
    // A longer record is an error.
    int64_t max_record_bytes = std::numeric_limits<int32_t>::max();
  };

  // NOT_FOUND if there is no such file; else the code of the system's error. INVALID_ARGUMENT if it is no plain file or
  // the options are nonsense.
  static absl::StatusOr<std::unique_ptr<RecordReader>> Open(const std::string& path, const Options& options);
  static absl::StatusOr<std::unique_ptr<RecordReader>> Open(const std::string& path) { return Open(path, Options()); }
  RecordReader(const RecordReader&) = delete;
  RecordReader& operator=(const RecordReader&) = delete;

  // Puts the next record into `record`, whose memory is used again, and returns true; false at the end of the file.
  //
  // DATA_LOSS "corrupted record at N ..." if a checksum is wrong, "truncated record at N ..." if the file ends inside
  // of a record; RESOURCE_EXHAUSTED for a record that is too long. After an error every call returns it again: what
  // follows a damaged record cannot be found.
  absl::StatusOr<bool> Read(std::string* record);

  // Where the last record that was read ends: all before it is whole.
  int64_t offset() const { return offset_; }

  // Whether the error of Read() is that the file ends inside of a record.
  bool truncated() const { return truncated_; }

 private:
  RecordReader(std::string path, File file, int64_t size, const Options& options);

  absl::Status ReadRecord(std::string* record);
  // Exactly `size` bytes.
  absl::Status ReadBytes(size_t size, char* bytes);
  absl::Status Truncated();

  const std::string path_;
  const File file_;
  const int64_t max_record_bytes_;
  // Of the file. It may grow while it is read; what came later is not seen.
  const int64_t size_;
  int64_t offset_ = 0;
  bool truncated_ = false;
  absl::Status status_;
};

}  // namespace trilho

#endif  // TRILHO_CPP_SERVER_TFRECORD_RECORD_READER_H_

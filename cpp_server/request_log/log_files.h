// The files that the requests of one model are logged to.

#ifndef TRILHO_CPP_SERVER_REQUEST_LOG_LOG_FILES_H_
#define TRILHO_CPP_SERVER_REQUEST_LOG_LOG_FILES_H_

#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "cpp_server/tfrecord/record_writer.h"

namespace trilho {

// Of records; read by any thread.
struct RequestLogCounters {
  // In a file, given to the system.
  std::atomic<int64_t> logged{0};
  // In no file.
  std::atomic<int64_t> dropped{0};
  // Of those logged, as they stand in their files.
  std::atomic<int64_t> bytes{0};
};

// Writes records to PREFIX-YYYYMMDDThhmmss-NNNNN.tfrecord.part, renamed without ".part" once closed; no file is ever
// overwritten. Several processes may use one prefix.
//
// Errors are lines in the log, one when trouble begins and one when it is over; in between records are dropped, and
// counted, and the disk is tried again every `retry_wait`. For one thread, which may wait for the disk.
class LogFiles {
 public:
  struct Options {
    // A file is closed when the next record would make it longer; only a file of one record may be longer.
    int64_t max_file_bytes = int64_t{64} << 20;
    // Of records in a file.
    int64_t max_file_records = 1000;
    // A file is to be closed when it has been open for so long; 0: however long.
    std::chrono::milliseconds max_file_age = std::chrono::hours(1);
    // Of all files of the prefix together, damaged and unfinished ones too: the oldest closed ones are deleted for a
    // new one, whose max_file_bytes are set aside. A record that is longer by itself is dropped.
    int64_t max_total_bytes = int64_t{1} << 30;
    std::chrono::milliseconds retry_wait = std::chrono::seconds(1);
  };

  // `counters` outlives the object.
  LogFiles(std::string prefix, const Options& options, RequestLogCounters* counters);
  // Close().
  ~LogFiles();
  LogFiles(const LogFiles&) = delete;
  LogFiles& operator=(const LogFiles&) = delete;

  const std::string& prefix() const { return prefix_; }

  // Makes log files of those that killed processes have left open: cuts an unfinished record off and renames them. One
  // with a wrong record in it gets the suffix ".damaged" and keeps its content. Each is a line in the log.
  void RecoverLeftFiles();

  // A record is counted once flushed.
  void Append(absl::string_view record);
  void Flush();
  // The next record opens a new file.
  void Close();
  // When the file that is open will be too old, and is to be closed by the caller; never if none is.
  std::chrono::steady_clock::time_point closes_at() const;

 private:
  // Deletes the oldest files until there is room for one of `bytes`.
  void MakeRoom(int64_t bytes);
  absl::Status CreateFile();
  absl::Status AppendToFile(absl::string_view record);
  absl::Status CloseFile();
  // Counts what is in the file up to here.
  void CountFlushed();
  // Keeps the whole records of a file that could not be written; the others are dropped.
  void AbandonFile();
  absl::Status RenameToClosed(const std::string& path, const std::string& closed_path) const;
  void Report(const absl::Status& status);

  const std::string prefix_;
  const Options options_;
  RequestLogCounters* const counters_;
  uint64_t sequence_ = 0;

  // The file that is written; null if none is.
  std::unique_ptr<RecordWriter> writer_;
  std::string closed_path_;
  std::chrono::steady_clock::time_point opened_at_;
  int64_t appended_records_ = 0;
  int64_t counted_records_ = 0;
  int64_t counted_bytes_ = 0;

  bool too_long_reported_ = false;
  bool failing_ = false;
  std::chrono::steady_clock::time_point retry_at_;
};

}  // namespace trilho

#endif  // TRILHO_CPP_SERVER_REQUEST_LOG_LOG_FILES_H_

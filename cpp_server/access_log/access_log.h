// A line for every inference, or for some.

#ifndef TRILHO_CPP_SERVER_ACCESS_LOG_ACCESS_LOG_H_
#define TRILHO_CPP_SERVER_ACCESS_LOG_ACCESS_LOG_H_

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <thread>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "cpp_server/access_log/rotating_file.h"
#include "cpp_server/core/mutex.h"
#include "cpp_server/inference/inference_record.h"

namespace trilho {

// Writes lines as AccessLogLine makes them, in the order in which inferences end. A thread of its own writes; an
// inference only appends to a buffer, and where the disk is slower than the callers its line is dropped, and counted.
// What is lost, and what goes wrong with the file, is told on standard error, at most every ten seconds.
//
// Thread-safe.
class AccessLog final : public InferenceObserver {
 public:
  struct Options {
    // "-" is standard error.
    std::string path;
    // Of the inferences that end with OK, the share that is logged, 0 to 1. Errors always are.
    double sample = 1;
    // See RotatingFile.
    uint64_t max_file_bytes = uint64_t{100} << 20;
    int keep_files = 5;
    // Lines that wait to be written; the memory used is twice that.
    size_t max_pending_bytes = size_t{4} << 20;
  };

  // INVALID_ARGUMENT for an option out of its range; else the error of opening the file.
  static absl::StatusOr<std::unique_ptr<AccessLog>> Open(const Options& options);

  // Writes what waits.
  ~AccessLog() override;

  void OnEnd(const InferenceRecord& record) override;

  // Before anything more is written, opens the path again, since a log rotator has renamed the file. Returns at once;
  // Flush() to know that it is done. Not for a signal handler.
  void Reopen() EXCLUDES(mu_);

  // Returns when all that came before is written, or lost.
  void Flush() EXCLUDES(mu_);

  // Lines that were not written, for want of room in the buffer or on the disk.
  uint64_t dropped() const { return dropped_.load(std::memory_order_relaxed); }

 private:
  AccessLog(const Options& options, RotatingFile file);

  bool IsSampled(const InferenceRecord& record) const;
  void Run() EXCLUDES(mu_);
  // Logs the newest error and the lines lost so far, if there is news and it is time or the log ends.
  void Report(bool ending);

  const double sample_;
  const size_t max_pending_bytes_;
  std::atomic<uint64_t> dropped_{0};

  Mutex mu_;
  // There is something to do.
  CondVar wake_;
  // `done_` has grown.
  CondVar progress_;
  std::string pending_ GUARDED_BY(mu_);
  bool reopen_ GUARDED_BY(mu_) = false;
  // Lines and reopenings that came, and how many of them the writer is through with.
  uint64_t asked_ GUARDED_BY(mu_) = 0;
  uint64_t done_ GUARDED_BY(mu_) = 0;
  bool ending_ GUARDED_BY(mu_) = false;

  // Of the writer.
  RotatingFile file_;
  absl::Status error_;
  uint64_t reported_ = 0;
  std::chrono::steady_clock::time_point next_report_;
  absl::StatusOr<std::thread> writer_ = std::thread();
};

}  // namespace trilho

#endif  // TRILHO_CPP_SERVER_ACCESS_LOG_ACCESS_LOG_H_

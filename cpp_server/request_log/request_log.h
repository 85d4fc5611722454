// Logs a sample of the requests, in files that a version can be warmed up with.

#ifndef TRILHO_CPP_SERVER_REQUEST_LOG_REQUEST_LOG_H_
#define TRILHO_CPP_SERVER_REQUEST_LOG_REQUEST_LOG_H_

#include <atomic>
#include <chrono>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <thread>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "cpp_server/core/mutex.h"
#include "cpp_server/request_log/log_files.h"
#include "cpp_server/request_log/sampler.h"
#include "cpp_server/warmup/prediction_log.h"
#include "tensorflow_serving/config/logging_config.pb.h"

namespace trilho {

struct RequestLogOptions {
  LogFiles::Options files;
  // Of records that wait to be written. What does not fit, because the disk is slow, is dropped.
  int64_t max_queue_bytes = int64_t{64} << 20;
  // After so long a record is in its file.
  std::chrono::milliseconds flush_interval = std::chrono::seconds(1);
};

struct RequestLogStats {
  // Records in files.
  int64_t logged = 0;
  // Records sampled and not written: the queue was full, the disk failed, or the model was just configured otherwise.
  int64_t dropped = 0;
  // Of the records logged, in their files.
  int64_t bytes = 0;
};

// Writes TFRecords of tensorflow.serving.PredictionLog, on a thread of its own: no request waits for a disk. A file has
// no more records than a warm-up file may have, and can be one as it is, if only requests that succeeded are logged.
//
//   if (log->Sample(model)) log->Log(PredictionLogField::kPredict, model, request, response);
//
// Thread-safe; no other method may be under way when it is destroyed.
class RequestLog {
 public:
  // Logs nothing until it is configured. INVALID_ARGUMENT naming the option for a bound that cannot be.
  static absl::StatusOr<std::unique_ptr<RequestLog>> Create(const RequestLogOptions& options);
  // Writes what is queued and closes the files.
  ~RequestLog();
  RequestLog(const RequestLog&) = delete;
  RequestLog& operator=(const RequestLog&) = delete;

  // Replaces the whole configuration, or nothing if there is an error: see LoggingSettingsOf(). Of a model with another
  // prefix, or that is not logged any more, the file is closed. Files that killed processes have left open under a new
  // prefix are closed too, with their whole records.
  absl::Status Configure(const std::map<std::string, tensorflow::serving::LoggingConfig>& models) EXCLUDES(mu_);

  // Whether this request is to be logged. Takes no lock.
  bool Sample(absl::string_view model) const { return sampler_.Sample(model); }

  // Queues a copy; `kind` is kPredict, kClassify, kRegress or kMultiInference, `request` and `response` are serialized
  // messages, the response may be empty. RESOURCE_EXHAUSTED if the queue has no room for it; FAILED_PRECONDITION if the
  // model is not logged, or is just configured otherwise.
  absl::Status Log(PredictionLogField kind, absl::string_view model, absl::string_view request,
                   absl::string_view response) EXCLUDES(mu_);

  // Waits until what was logged before is in its file, or dropped. Waits for the disk: not for the request path.
  void Flush() EXCLUDES(mu_);

  RequestLogStats stats() const;

 private:
  // Where the requests of a model go.
  struct ModelLog {
    std::string sampling_config;
    std::shared_ptr<LogFiles> files;
  };
  // What the writer does, in order. The files are touched by it alone.
  struct Job {
    enum class Kind { kRecover, kAppend, kClose };
    Kind kind;
    std::shared_ptr<LogFiles> files;
    std::string record;
    // Of the queue's bound.
    int64_t queue_bytes = 0;
  };

  explicit RequestLog(const RequestLogOptions& options);

  // False if the queue has no room for so much.
  bool Reserve(int64_t bytes);

  // The writer's thread.
  void Run() EXCLUDES(mu_);
  void Do(const Job& job);
  void FlushFiles();
  // When the writer has something to do without being told; never if it has not.
  std::chrono::steady_clock::time_point NextDue() const;
  void CloseOldFiles();
  void ReportDropped();

  const RequestLogOptions options_;
  Sampler sampler_;
  RequestLogCounters counters_;
  std::atomic<int64_t> queue_bytes_{0};
  std::atomic<int64_t> dropped_by_queue_{0};

  Mutex mu_;
  // Of the writer: there is work. And of Flush(): some is done.
  CondVar work_;
  CondVar done_;
  std::map<std::string, std::shared_ptr<const ModelLog>, std::less<>> models_ GUARDED_BY(mu_);
  std::deque<Job> jobs_ GUARDED_BY(mu_);
  uint64_t flushes_wanted_ GUARDED_BY(mu_) = 0;
  uint64_t flushes_done_ GUARDED_BY(mu_) = 0;
  bool ending_ GUARDED_BY(mu_) = false;

  // The writer's: files with records, and those of them with records that are not flushed.
  std::set<std::shared_ptr<LogFiles>> open_;
  std::set<std::shared_ptr<LogFiles>> unflushed_;
  std::chrono::steady_clock::time_point flush_at_;
  int64_t dropped_reported_ = 0;
  std::chrono::steady_clock::time_point report_at_;

  absl::StatusOr<std::thread> writer_;
};

}  // namespace trilho

#endif  // TRILHO_CPP_SERVER_REQUEST_LOG_REQUEST_LOG_H_

#include "cpp_server/access_log/access_log.h"

#include <utility>

#include "absl/random/random.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "cpp_server/access_log/access_log_line.h"
#include "cpp_server/advice/words.h"
#include "cpp_server/core/thread.h"
#include "cpp_server/logging/log.h"

namespace trilho {
namespace {

constexpr std::chrono::seconds kReportInterval{10};

}  // namespace

absl::StatusOr<std::unique_ptr<AccessLog>> AccessLog::Open(const Options& options) {
  // Not a number is out of range as well.
  if (!(options.sample >= 0 && options.sample <= 1)) {
    return absl::InvalidArgumentError(
        absl::StrCat("access log: the share to sample is ", options.sample, ", which is not between 0 and 1"));
  }
  if (options.max_pending_bytes == 0) {
    return absl::InvalidArgumentError("access log: the buffer has 0 bytes, no line fits in");
  }
  auto file = RotatingFile::Open({options.path, options.max_file_bytes, options.keep_files});
  if (!file.ok()) {
    return absl::Status(file.status().code(), absl::StrCat("access log: ", file.status().message()));
  }
  std::unique_ptr<AccessLog> log(new AccessLog(options, *std::move(file)));
  if (!log->writer_.ok()) return log->writer_.status();
  return log;
}

AccessLog::AccessLog(const Options& options, RotatingFile file)
    : sample_(options.sample),
      max_pending_bytes_(options.max_pending_bytes),
      file_(std::move(file)),
      next_report_(std::chrono::steady_clock::now()) {
  // Now, so that no inference waits for a buffer to be moved. Pages that are never filled take no memory.
  pending_.reserve(max_pending_bytes_);
  writer_ = StartThread("access log", [this] { Run(); });
}

AccessLog::~AccessLog() {
  {
    MutexLock lock(&mu_);
    ending_ = true;
    wake_.NotifyAll();
  }
  if (writer_.ok()) writer_->join();
}

bool AccessLog::IsSampled(const InferenceRecord& record) const {
  if (sample_ >= 1 || !record.status.ok()) return true;
  if (sample_ <= 0) return false;
  thread_local absl::InsecureBitGen random;
  return absl::Bernoulli(random, sample_);
}

void AccessLog::OnEnd(const InferenceRecord& record) {
  if (!IsSampled(record)) return;
  const std::string line = AccessLogLine(record, absl::Now());
  MutexLock lock(&mu_);
  if (pending_.size() + line.size() > max_pending_bytes_) {
    dropped_.fetch_add(1, std::memory_order_relaxed);
    return;
  }
  // The writer only sleeps while there is nothing.
  if (pending_.empty()) wake_.NotifyOne();
  pending_.append(line);
  ++asked_;
}

void AccessLog::Reopen() {
  MutexLock lock(&mu_);
  reopen_ = true;
  ++asked_;
  wake_.NotifyOne();
}

void AccessLog::Flush() {
  MutexLock lock(&mu_);
  const uint64_t asked = asked_;
  while (done_ < asked) progress_.Wait(&mu_);
}

void AccessLog::Run() {
  std::string lines;
  lines.reserve(max_pending_bytes_);
  uint64_t taken = 0;
  for (;;) {
    bool reopen = false;
    {
      MutexLock lock(&mu_);
      done_ = taken;
      progress_.NotifyAll();
      while (pending_.empty() && !reopen_ && !ending_) wake_.Wait(&mu_);
      if (pending_.empty() && !reopen_) break;
      reopen = std::exchange(reopen_, false);
      std::swap(lines, pending_);
      taken = asked_;
    }
    if (reopen) {
      const absl::Status reopened = file_.Reopen();
      if (!reopened.ok()) error_ = reopened;
    }
    uint64_t lost = 0;
    const absl::Status written = file_.Write(lines, &lost);
    if (!written.ok()) error_ = written;
    dropped_.fetch_add(lost, std::memory_order_relaxed);
    lines.clear();
    Report(false);
  }
  Report(true);
}

void AccessLog::Report(bool ending) {
  const uint64_t dropped = this->dropped();
  if (error_.ok() && dropped == reported_) return;
  const auto now = std::chrono::steady_clock::now();
  if (now < next_report_ && !ending) return;
  next_report_ = now + kReportInterval;
  Log(Severity::kWarning, absl::StrCat("access log: ", Counted(dropped - reported_, "line"), " lost",
                                       error_.ok() ? "" : ": ", error_.message()));
  reported_ = dropped;
  error_ = absl::OkStatus();
}

}  // namespace trilho

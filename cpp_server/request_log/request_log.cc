#include "cpp_server/request_log/request_log.h"

#include <algorithm>
#include <limits>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "cpp_server/admission/no_memory.h"
#include "cpp_server/advice/words.h"
#include "cpp_server/core/thread.h"
#include "cpp_server/logging/log.h"
#include "cpp_server/request_log/log_record.h"
#include "cpp_server/request_log/logging_settings.h"

namespace trilho {
namespace {

using Clock = std::chrono::steady_clock;

// What a queued record takes besides its request and response.
constexpr int64_t kQueueOverhead = 512;
// Dropped records are reported no more often.
constexpr auto kReportInterval = std::chrono::minutes(1);

absl::Status CheckPositive(absl::string_view name, int64_t value) {
  if (value > 0) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat("request log: ", name, " is ", value, ", but must be positive"));
}

absl::Status Check(const RequestLogOptions& options) {
  const std::pair<absl::string_view, int64_t> bounds[] = {
      {"max_file_bytes", options.files.max_file_bytes},
      {"max_file_records", options.files.max_file_records},
      {"max_queue_bytes", options.max_queue_bytes},
      {"flush_interval", options.flush_interval.count()},
  };
  for (const auto& [name, value] : bounds) {
    absl::Status status = CheckPositive(name, value);
    if (!status.ok()) return status;
  }
  if (options.files.max_total_bytes >= options.files.max_file_bytes) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat("request log: max_total_bytes is ", options.files.max_total_bytes,
                                                 ", but must be at least max_file_bytes (",
                                                 options.files.max_file_bytes, ")"));
}

absl::Status NotLogged(absl::string_view model) {
  return absl::FailedPreconditionError(absl::StrCat("request log: the model \"", model, "\" is not logged there"));
}

}  // namespace

absl::StatusOr<std::unique_ptr<RequestLog>> RequestLog::Create(const RequestLogOptions& options) {
  const absl::Status status = Check(options);
  if (!status.ok()) return status;
  std::unique_ptr<RequestLog> log(new RequestLog(options));
  if (!log->writer_.ok()) return log->writer_.status();
  return log;
}

RequestLog::RequestLog(const RequestLogOptions& options)
    : options_(options), writer_(StartThread("request log", [this] { Run(); })) {}

RequestLog::~RequestLog() {
  {
    MutexLock lock(&mu_);
    ending_ = true;
    work_.NotifyOne();
  }
  if (writer_.ok()) writer_->join();
}

absl::Status RequestLog::Configure(const std::map<std::string, tensorflow::serving::LoggingConfig>& models) {
  const auto all = LoggingSettingsOf(models);
  if (!all.ok()) return all.status();

  MutexLock lock(&mu_);
  std::map<std::string, std::shared_ptr<const ModelLog>, std::less<>> next;
  std::map<std::string, double> rates;
  std::vector<Job> recoveries;
  for (const auto& [model, settings] : *all) {
    if (settings.filename_prefix.empty()) continue;
    rates[model] = settings.sampling_rate;
    auto log = std::make_shared<ModelLog>();
    log->sampling_config = settings.sampling_config;
    const auto before = models_.find(model);
    if (before != models_.end() && before->second->files->prefix() == settings.filename_prefix) {
      log->files = before->second->files;
    } else {
      log->files = std::make_shared<LogFiles>(settings.filename_prefix, options_.files, &counters_);
      recoveries.push_back({Job::Kind::kRecover, log->files, {}, 0});
    }
    next.emplace(model, std::move(log));
  }
  // A prefix may go from one model to another: the old file is closed before anything is found left open.
  for (const auto& [model, log] : models_) {
    const auto after = next.find(model);
    if (after == next.end() || after->second->files != log->files) {
      jobs_.push_back({Job::Kind::kClose, log->files, {}, 0});
    }
  }
  for (Job& job : recoveries) jobs_.push_back(std::move(job));
  models_ = std::move(next);
  sampler_.SetRates(rates);
  work_.NotifyOne();
  return absl::OkStatus();
}

absl::Status RequestLog::Log(PredictionLogField kind, absl::string_view model, absl::string_view request,
                             absl::string_view response) {
  std::shared_ptr<const ModelLog> log;
  {
    MutexLock lock(&mu_);
    const auto found = models_.find(std::string_view(model.data(), model.size()));
    if (found == models_.end()) return NotLogged(model);
    log = found->second;
  }
  const auto bytes = static_cast<int64_t>(request.size() + response.size()) + kQueueOverhead;
  // Protobuf reads no longer messages.
  if (bytes > std::numeric_limits<int32_t>::max() || !Reserve(bytes)) {
    ++counters_.dropped;
    ++dropped_by_queue_;
    return absl::ResourceExhaustedError("request log: the record does not fit into the queue (max_queue_bytes)");
  }
  LogRecordParts parts;
  parts.kind = kind;
  parts.model = model;
  parts.request = request;
  parts.response = response;
  parts.sampling_config = log->sampling_config;
  parts.timestamp_secs = absl::ToUnixSeconds(absl::Now());
  auto record = OrNoMemory([&]() -> absl::StatusOr<std::string> { return MakeLogRecord(parts); });
  if (!record.ok()) {
    queue_bytes_ -= bytes;
    ++counters_.dropped;
    return record.status();
  }
  Job job{Job::Kind::kAppend, log->files, *std::move(record), bytes};

  MutexLock lock(&mu_);
  const auto found = models_.find(std::string_view(model.data(), model.size()));
  if (found == models_.end() || found->second->files != log->files) {
    // Configured otherwise meanwhile: the file is closed.
    queue_bytes_ -= bytes;
    ++counters_.dropped;
    return NotLogged(model);
  }
  jobs_.push_back(std::move(job));
  work_.NotifyOne();
  return absl::OkStatus();
}

bool RequestLog::Reserve(int64_t bytes) {
  if (queue_bytes_.fetch_add(bytes) + bytes <= options_.max_queue_bytes) return true;
  queue_bytes_ -= bytes;
  return false;
}

void RequestLog::Flush() {
  MutexLock lock(&mu_);
  const uint64_t wanted = ++flushes_wanted_;
  work_.NotifyOne();
  while (flushes_done_ < wanted) done_.Wait(&mu_);
}

RequestLogStats RequestLog::stats() const {
  RequestLogStats stats;
  stats.logged = counters_.logged;
  stats.dropped = counters_.dropped;
  stats.bytes = counters_.bytes;
  return stats;
}

void RequestLog::Run() {
  uint64_t flushes_done = 0;
  for (bool ending = false; !ending;) {
    std::deque<Job> jobs;
    uint64_t flushes = 0;
    const Clock::time_point due = NextDue();
    {
      MutexLock lock(&mu_);
      while (jobs_.empty() && !ending_ && flushes_wanted_ == flushes_done_) {
        if (due == Clock::time_point::max()) {
          work_.Wait(&mu_);
        } else if (!work_.WaitUntil(&mu_, due)) {
          break;
        }
      }
      jobs.swap(jobs_);
      flushes = flushes_wanted_;
      ending = ending_;
    }
    for (Job& job : jobs) {
      Do(job);
      job.record = std::string();  // its memory is given back before its share of the queue
      queue_bytes_ -= job.queue_bytes;
      // Not only when the queue is empty, which it may never be.
      if (!unflushed_.empty() && Clock::now() >= flush_at_) FlushFiles();
    }
    CloseOldFiles();
    ReportDropped();
    if (flushes > flushes_done) {
      FlushFiles();
      flushes_done = flushes;
      MutexLock lock(&mu_);
      flushes_done_ = flushes;
      done_.NotifyAll();
    } else if (!unflushed_.empty() && Clock::now() >= flush_at_) {
      FlushFiles();
    }
  }
  for (const auto& files : open_) files->Close();
}

void RequestLog::Do(const Job& job) {
  switch (job.kind) {
    case Job::Kind::kRecover:
      job.files->RecoverLeftFiles();
      break;
    case Job::Kind::kAppend:
      if (unflushed_.empty()) flush_at_ = Clock::now() + options_.flush_interval;
      open_.insert(job.files);
      unflushed_.insert(job.files);
      job.files->Append(job.record);
      break;
    case Job::Kind::kClose:
      job.files->Close();
      open_.erase(job.files);
      unflushed_.erase(job.files);
      break;
  }
}

void RequestLog::FlushFiles() {
  for (const auto& files : unflushed_) files->Flush();
  unflushed_.clear();
}

Clock::time_point RequestLog::NextDue() const {
  Clock::time_point due = unflushed_.empty() ? Clock::time_point::max() : flush_at_;
  for (const auto& files : open_) due = std::min(due, files->closes_at());
  return due;
}

void RequestLog::CloseOldFiles() {
  for (auto it = open_.begin(); it != open_.end();) {
    if (Clock::now() < (*it)->closes_at()) {
      ++it;
      continue;
    }
    (*it)->Close();
    unflushed_.erase(*it);
    it = open_.erase(it);
  }
}

void RequestLog::ReportDropped() {
  const int64_t dropped = dropped_by_queue_;
  if (dropped == dropped_reported_ || Clock::now() < report_at_) return;
  trilho::Log(Severity::kWarning, absl::StrCat("request log: ", Counted(dropped - dropped_reported_, "record"),
                                               " did not fit into the queue (max_queue_bytes) and went into no file"));
  dropped_reported_ = dropped;
  report_at_ = Clock::now() + kReportInterval;
}

}  // namespace trilho

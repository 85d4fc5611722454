#include "cpp_server/request_log/log_files.h"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "cpp_server/advice/words.h"
#include "cpp_server/logging/log.h"
#include "cpp_server/request_log/log_file_name.h"
#include "cpp_server/tfrecord/record_recovery.h"

namespace trilho {
namespace {

// Other processes may take names at the same second.
constexpr int kNamesTried = 1000;

bool Exists(const std::string& path) {
  struct stat info;
  return ::lstat(path.c_str(), &info) == 0;
}

}  // namespace

LogFiles::LogFiles(std::string prefix, const Options& options, RequestLogCounters* counters)
    : prefix_(std::move(prefix)), options_(options), counters_(counters) {}

LogFiles::~LogFiles() { Close(); }

void LogFiles::RecoverLeftFiles() {
  const auto files = ListLogFiles(prefix_);
  if (!files.ok()) {
    Log(Severity::kWarning, absl::StrCat("request log ", prefix_, ": ", files.status().ToString()));
    return;
  }
  for (const LogFile& file : *files) {
    if (file.kind != LogFile::Kind::kPart) continue;
    const auto recovered = RecoverRecordFile(file.path);
    // A file in use is not left; one that is gone was recovered by somebody else.
    if (absl::IsUnavailable(recovered.status()) || absl::IsNotFound(recovered.status())) continue;
    absl::Status done;
    std::string what;
    if (!recovered.ok() && !absl::IsDataLoss(recovered.status())) {
      done = recovered.status();
    } else if (!recovered.ok()) {
      what = absl::StrCat("is kept with the suffix ", kDamagedSuffix, ": ", recovered.status().message());
      done = RenameToClosed(file.path, absl::StrCat(file.closed_path, kDamagedSuffix));
    } else if (recovered->records == 0) {
      what = absl::StrCat("had no whole record in its ", Counted(recovered->bytes_cut, "byte"), " and is removed");
      if (::unlink(file.path.c_str()) != 0) done = absl::ErrnoToStatus(errno, "Cannot remove it");
    } else {
      what = absl::StrCat("is closed with its ", Counted(recovered->records, "record"), "; of an unfinished one ",
                          Counted(recovered->bytes_cut, "byte is", "bytes are"), " cut off");
      done = RenameToClosed(file.path, file.closed_path);
    }
    if (done.ok()) {
      Log(Severity::kWarning, absl::StrCat("request log: ", file.path, ", left open by a process that ended, ", what));
    } else {
      Log(Severity::kError, absl::StrCat("request log: ", file.path, " is not recovered: ", done.ToString()));
    }
  }
}

void LogFiles::Append(absl::string_view record) {
  const int64_t bytes = RecordWriter::SizeInFile(record.size());
  if (bytes > options_.max_total_bytes) {
    ++counters_->dropped;
    if (!too_long_reported_) {
      Log(Severity::kWarning, absl::StrCat("request log ", prefix_, ": a record of ", Counted(bytes, "byte"),
                                           ", longer than max_total_bytes (", options_.max_total_bytes,
                                           "), is dropped, and so are others to come"));
    }
    too_long_reported_ = true;
    return;
  }
  if (failing_ && std::chrono::steady_clock::now() < retry_at_) {
    ++counters_->dropped;
    return;
  }
  const absl::Status status = AppendToFile(record);
  // What reached the file without an error is counted by those who flush or abandon it.
  if (!status.ok()) Report(status);
}

absl::Status LogFiles::AppendToFile(absl::string_view record) {
  const int64_t bytes = RecordWriter::SizeInFile(record.size());
  const bool full = writer_ != nullptr && (appended_records_ >= options_.max_file_records ||
                                           writer_->size() + bytes > options_.max_file_bytes);
  absl::Status status;
  if (full) status = CloseFile();
  if (status.ok() && writer_ == nullptr) {
    MakeRoom(std::max(bytes, options_.max_file_bytes));
    status = CreateFile();
  }
  if (!status.ok()) {
    ++counters_->dropped;
    return status;
  }
  ++appended_records_;
  status = writer_->Append(record);
  if (!status.ok()) AbandonFile();
  return status;
}

void LogFiles::Flush() {
  if (writer_ == nullptr) return;
  const absl::Status status = writer_->Flush();
  if (status.ok()) {
    CountFlushed();
  } else {
    AbandonFile();
  }
  Report(status);
}

void LogFiles::Close() {
  if (writer_ != nullptr) Report(CloseFile());
}

std::chrono::steady_clock::time_point LogFiles::closes_at() const {
  if (writer_ == nullptr || options_.max_file_age.count() == 0) return std::chrono::steady_clock::time_point::max();
  return opened_at_ + options_.max_file_age;
}

absl::Status LogFiles::CreateFile() {
  absl::Status status;
  for (int i = 0; i < kNamesTried; ++i) {
    closed_path_ = LogFilePath(prefix_, absl::Now(), sequence_++);
    const std::string part = closed_path_ + kPartSuffix;
    if (Exists(closed_path_)) continue;
    auto writer = RecordWriter::Create(part);
    status = writer.status();
    if (absl::IsAlreadyExists(status)) continue;
    if (!status.ok()) return status;
    if (Exists(closed_path_)) {
      // Another process closed its file of this name in between. From here on the part keeps others off the name.
      ::unlink(part.c_str());
      continue;
    }
    writer_ = *std::move(writer);
    opened_at_ = std::chrono::steady_clock::now();
    appended_records_ = counted_records_ = counted_bytes_ = 0;
    return absl::OkStatus();
  }
  return absl::AlreadyExistsError(absl::StrCat("Found no free name like ", closed_path_, " for a log file"));
}

void LogFiles::MakeRoom(int64_t bytes) {
  const auto files = ListLogFiles(prefix_);
  if (!files.ok()) return;  // creating the new file will tell
  int64_t total = bytes;
  for (const LogFile& file : *files) total += file.bytes;
  for (const LogFile& file : *files) {
    if (total <= options_.max_total_bytes) return;
    if (file.kind == LogFile::Kind::kPart) continue;
    if (::unlink(file.path.c_str()) != 0 && errno != ENOENT) {
      Log(Severity::kWarning,
          absl::ErrnoToStatus(errno, absl::StrCat("request log: cannot delete ", file.path)).ToString());
      continue;
    }
    total -= file.bytes;
    Log(Severity::kInfo, absl::StrCat("request log: deleted ", file.path, ", the oldest, to stay within ",
                                      Counted(options_.max_total_bytes, "byte")));
  }
}

absl::Status LogFiles::CloseFile() {
  absl::Status status = writer_->Close();
  if (!status.ok()) {
    AbandonFile();
    return status;
  }
  CountFlushed();
  writer_.reset();
  return RenameToClosed(closed_path_ + kPartSuffix, closed_path_);
}

void LogFiles::CountFlushed() {
  counters_->logged += appended_records_ - counted_records_;
  counters_->bytes += writer_->size() - counted_bytes_;
  counted_records_ = appended_records_;
  counted_bytes_ = writer_->size();
}

void LogFiles::AbandonFile() {
  writer_->Close().IgnoreError();  // there is an error already
  writer_.reset();
  const std::string part = closed_path_ + kPartSuffix;
  const auto recovered = RecoverRecordFile(part);
  if (recovered.ok()) {
    counters_->logged += recovered->records - counted_records_;
    counters_->bytes += recovered->bytes - counted_bytes_;
    counters_->dropped += appended_records_ - recovered->records;
    if (recovered->records == 0) {
      ::unlink(part.c_str());
    } else {
      RenameToClosed(part, closed_path_).IgnoreError();  // it stays as a part, for RecoverLeftFiles()
    }
  } else {
    counters_->dropped += appended_records_ - counted_records_;
  }
}

absl::Status LogFiles::RenameToClosed(const std::string& path, const std::string& closed_path) const {
  if (std::rename(path.c_str(), closed_path.c_str()) == 0) return absl::OkStatus();
  return absl::ErrnoToStatus(errno, absl::StrCat("Cannot rename ", path, " to ", closed_path));
}

void LogFiles::Report(const absl::Status& status) {
  if (status.ok()) {
    if (failing_) Log(Severity::kInfo, absl::StrCat("request log ", prefix_, ": writes again"));
    failing_ = false;
    return;
  }
  if (!failing_) {
    Log(Severity::kError,
        absl::StrCat("request log ", prefix_, ": ", status.ToString(), "; requests are not logged until this is over"));
  }
  failing_ = true;
  retry_at_ = std::chrono::steady_clock::now() + options_.retry_wait;
}

}  // namespace trilho

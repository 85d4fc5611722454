#include "cpp_server/sources/disk/disk_source.h"

#include <algorithm>
#include <utility>

#include "absl/types/optional.h"

namespace trilho {
namespace {

CompletenessChecker::Options CheckerOptions(const DiskSource::Options& source, const std::atomic<bool>* stop) {
  CompletenessChecker::Options options;
  options.completeness = source.completeness;
  options.settle_time = source.settle_time;
  options.stop = stop;
  return options;
}

}  // namespace

DiskSource::DiskSource(Options options)
    : poll_wait_(options.poll_wait),
      settle_time_(options.settle_time),
      poller_(CheckerOptions(options, &stop_), std::move(options.on_error)),
      models_(std::move(options.models)) {}

DiskSource::~DiskSource() {
  {
    MutexLock lock(&mu_);
    stop_ = true;
    cv_.NotifyAll();
  }
  if (thread_.joinable()) thread_.join();
}

void DiskSource::Start(AspiredVersionsCallback callback) {
  if (poll_wait_ < std::chrono::milliseconds::zero()) return;
  callback_ = std::move(callback);
  thread_ = std::thread([this] { Run(); });
}

uint64_t DiskSource::SetModels(std::vector<ModelLocation> models) {
  MutexLock lock(&mu_);
  models_ = std::move(models);
  models_changed_ = true;
  cv_.NotifyAll();
  return ++set_models_;
}

void DiskSource::Run() {
  for (;;) {
    std::vector<ModelLocation> models;
    {
      MutexLock lock(&mu_);
      if (stop_) return;
      models = models_;
      if (models_changed_) poller_.TellAll();
      models_changed_ = false;
      told_models_ = set_models_;
    }
    const bool pending = poller_.Poll(models, callback_);
    // For ever if absent.
    absl::optional<std::chrono::milliseconds> wait;
    if (poll_wait_ > std::chrono::milliseconds::zero()) {
      wait = poll_wait_;
    } else if (pending) {
      wait = std::max(settle_time_, std::chrono::milliseconds(100));
    }
    const auto deadline = std::chrono::steady_clock::now() + wait.value_or(std::chrono::milliseconds::zero());
    MutexLock lock(&mu_);
    while (!stop_ && !models_changed_) {
      if (!wait) {
        cv_.Wait(&mu_);
      } else if (!cv_.WaitUntil(&mu_, deadline)) {
        break;
      }
    }
  }
}

}  // namespace trilho

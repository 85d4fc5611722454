#include "cpp_server/sources/disk/model_watch.h"

#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "cpp_server/core/thread.h"

namespace trilho {
namespace {

// Checksums of large versions give way to calls.
constexpr int kNice = 5;

CompletenessChecker::Options CheckerOptions(const ModelWatch::Options& watch, const std::atomic<bool>* stop) {
  CompletenessChecker::Options options;
  options.completeness = watch.completeness;
  options.settle_time = watch.settle_time;
  options.stop = stop;
  return options;
}

}  // namespace

ModelWatch::ModelWatch(Options options, ModelLocation location, uint64_t generation)
    : options_(std::move(options)),
      location_(std::move(location)),
      generation_(generation),
      poller_(CheckerOptions(options_, &stop_), options_.health,
              /*once=*/options_.poll_wait <= std::chrono::milliseconds::zero()) {
  const std::string name = absl::StrCat("look ", location_.name);
  thread_ = StartThread(name, [this] { Run(); });
}

ModelWatch::~ModelWatch() {
  Stop();
  if (thread_.ok()) thread_->join();
}

void ModelWatch::Begin() {
  MutexLock lock(&mu_);
  begun_ = true;
  cv_.NotifyAll();
}

void ModelWatch::Set(ModelLocation location, uint64_t generation) {
  MutexLock lock(&mu_);
  location_ = std::move(location);
  generation_ = generation;
  tell_anew_ = look_again_ = true;
  cv_.NotifyAll();
}

void ModelWatch::LookAgain() {
  MutexLock lock(&mu_);
  tell_anew_ = look_again_ = forget_verdicts_ = true;
  cv_.NotifyAll();
}

void ModelWatch::CheckHealth() {
  MutexLock lock(&mu_);
  check_health_ = true;
  cv_.NotifyAll();
}

void ModelWatch::End(uint64_t generation) {
  MutexLock lock(&mu_);
  if (stop_) return;
  StopLocked();
  AspiredVersions nothing;
  nothing.model = location_.name;
  nothing.is_watched = false;
  nothing.generation = generation;
  options_.callback(nothing);
}

void ModelWatch::Stop() {
  MutexLock lock(&mu_);
  StopLocked();
}

void ModelWatch::StopLocked() {
  stop_ = true;
  cv_.NotifyAll();
}

void ModelWatch::Run() {
  // Of this thread alone. That it may not be had is no reason not to look.
  ::setpriority(PRIO_PROCESS, static_cast<id_t>(::gettid()), kNice);
  {
    MutexLock lock(&mu_);
    while (!begun_ && !stop_) cv_.Wait(&mu_);
  }
  absl::optional<uint64_t> looked_of;
  while (!stop_) {
    ModelLocation location;
    uint64_t generation = 0;
    bool forget_verdicts = false;
    {
      MutexLock lock(&mu_);
      location = location_;
      generation = generation_;
      look_again_ = false;
      forget_verdicts = std::exchange(forget_verdicts_, false);
    }
    if (forget_verdicts) poller_.ForgetVerdicts();
    if (looked_of != generation) poller_.BeginAnew();
    looked_of = generation;
    const absl::optional<ModelPoller::Sight> sight = poller_.Look(location);
    MutexLock lock(&mu_);
    if (stop_) break;
    // Else it was of a place that is not looked at any more, or is older than what was asked for.
    if (sight && !look_again_) Tell(*sight);
    Wait(sight && sight->is_pending);
  }
  is_over_ = true;
}

void ModelWatch::Tell(const ModelPoller::Sight& sight) {
  const bool anew = std::exchange(tell_anew_, false);
  if (sight.error != error_ || (anew && !sight.error.ok())) {
    error_ = sight.error;
    if (options_.on_error) options_.on_error(location_.name, error_, generation_);
  }
  // A model that cannot be listed stays as it is.
  if (!sight.error.ok()) return;
  const bool changed = poller_.Offer(sight.versions);
  if (!changed && !anew) return;
  AspiredVersions versions = sight.versions;
  versions.generation = generation_;
  options_.callback(versions);
}

void ModelWatch::Wait(bool is_pending) {
  // For ever if absent.
  absl::optional<std::chrono::milliseconds> wait;
  if (options_.poll_wait > std::chrono::milliseconds::zero()) {
    wait = options_.poll_wait;
  } else if (is_pending) {
    wait = std::max(options_.settle_time, std::chrono::milliseconds(100));
  }
  const auto deadline = std::chrono::steady_clock::now() + wait.value_or(std::chrono::milliseconds::zero());
  while (!stop_ && !look_again_) {
    // A reason that changes while a version is copied is news without being a change of health.
    if (std::exchange(check_health_, false) && poller_.HealthHasChanged(location_.name)) break;
    if (!wait) {
      cv_.Wait(&mu_);
    } else if (!cv_.WaitUntil(&mu_, deadline)) {
      break;
    }
  }
}

}  // namespace trilho

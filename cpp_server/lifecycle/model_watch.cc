#include "cpp_server/lifecycle/model_watch.h"

#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "cpp_server/core/thread.h"
#include "cpp_server/logging/log.h"

namespace trilho {
namespace {

// Checksums of large versions give way to calls.
constexpr int kNice = 5;

CompletenessChecker::Options CheckerOptions(const WatchOptions& watch, const std::atomic<bool>* stop) {
  CompletenessChecker::Options options;
  options.completeness = watch.completeness;
  options.settle_time = watch.settle_time;
  options.stop = stop;
  return options;
}

}  // namespace

ModelWatch::ModelWatch(const std::string& model, const WatchOptions& options, Manager* manager,
                       std::function<void()> on_report)
    : model_(model),
      options_(options),
      manager_(manager),
      on_report_(std::move(on_report)),
      poller_(CheckerOptions(options_, &stop_), /*once=*/options_.poll_wait <= std::chrono::milliseconds::zero()) {
  thread_ = StartThread(absl::StrCat("look ", model_), [this] { Run(); });
}

ModelWatch::~ModelWatch() {
  Stop();
  if (thread_.ok()) thread_->join();
}

void ModelWatch::SetLocation(ModelLocation location) {
  MutexLock lock(&mu_);
  location_ = std::move(location);
  report_.reset();
  substitutes_.clear();
  tell_anew_ = look_again_ = begin_anew_ = true;
  cv_.NotifyAll();
}

void ModelWatch::LookAgain() {
  MutexLock lock(&mu_);
  report_.reset();
  substitutes_.clear();
  tell_anew_ = look_again_ = forget_verdicts_ = true;
  cv_.NotifyAll();
}

void ModelWatch::NoteOutcome() {
  MutexLock lock(&mu_);
  outcome_noted_ = true;
  cv_.NotifyAll();
}

absl::optional<WatchReport> ModelWatch::report() const {
  MutexLock lock(&mu_);
  return report_;
}

void ModelWatch::End() {
  MutexLock lock(&mu_);
  if (stop_) return;
  StopLocked();
  AspiredVersions nothing;
  nothing.model = model_;
  nothing.is_watched = false;
  manager_->SetAspiredVersions(nothing);
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
  // The priority is that of this thread alone. A system that refuses it is no reason not to look.
  ::setpriority(PRIO_PROCESS, static_cast<id_t>(::gettid()), kNice);
  {
    MutexLock lock(&mu_);
    while (!location_ && !stop_) cv_.Wait(&mu_);
  }
  while (!stop_) {
    ModelLocation location;
    {
      MutexLock lock(&mu_);
      location = *location_;
      look_again_ = false;
      if (std::exchange(forget_verdicts_, false)) poller_.ForgetVerdicts();
      if (std::exchange(begin_anew_, false)) poller_.BeginAnew();
    }
    const absl::optional<ModelPoller::Sight> sight = poller_.Look(location, Outcomes());
    MutexLock lock(&mu_);
    if (stop_) break;
    // A look that was overtaken was of a place that is not looked at any more, or is older than what was asked for.
    if (sight && !look_again_) Report(*sight);
    Wait(sight && sight->is_pending);
  }
  is_over_ = true;
}

LoadOutcomes ModelWatch::Outcomes() const {
  return LoadOutcomes{manager_->GetFailing(model_), manager_->GetUntypedServableHandle({model_, absl::nullopt}).ok()};
}

void ModelWatch::Report(const ModelPoller::Sight& sight) {
  const bool anew = std::exchange(tell_anew_, false);
  if (sight.error != error_ || (anew && !sight.error.ok())) {
    error_ = sight.error;
    ReportProblem();
  }
  // A model that cannot be listed stays as it is.
  if (!sight.error.ok()) return;
  const bool changed = poller_.Take(sight.choice);
  if (changed || anew) Aspire(sight.choice);
}

void ModelWatch::ReportProblem() {
  if (!report_) report_.emplace();
  const std::string problem(error_.message());
  const std::string before = std::exchange(report_->problem, problem);
  if (!before.empty() && before == problem) return;
  on_report_();
  if (!error_.ok()) {
    Log(Severity::kWarning, absl::StrCat("model ", model_, ": ", error_.ToString()));
  } else if (!before.empty()) {
    Log(Severity::kInfo, absl::StrCat("model ", model_, ": its folder can be read again"));
  }
}

void ModelWatch::Aspire(const VersionChoice& choice) {
  AspiredVersions versions;
  versions.model = model_;
  std::set<int64_t> substitutes;
  for (const ChosenVersion& chosen : choice.aspired) {
    versions.aspired.push_back(AspiredVersion{chosen.version, chosen.path});
    if (chosen.is_substitute) substitutes.insert(chosen.version);
  }
  versions.rejected = choice.rejected;
  manager_->SetAspiredVersions(versions);
  report_ = WatchReport{"", !choice.aspired.empty(), choice.failing};
  on_report_();
  for (const int64_t version : substitutes) {
    if (substitutes_.count(version) > 0) continue;
    Log(Severity::kWarning,
        absl::StrCat("model ", model_, " version ", version, ": loaded in place of version ",
                     choice.aspired.front().version, ", which does not load, until that does or a newer one is there"));
  }
  substitutes_ = std::move(substitutes);
}

void ModelWatch::Wait(bool is_pending) {
  // The wait has no end if this is absent.
  absl::optional<std::chrono::milliseconds> wait;
  if (options_.poll_wait > std::chrono::milliseconds::zero()) {
    wait = options_.poll_wait;
  } else if (is_pending) {
    wait = std::max(options_.settle_time, std::chrono::milliseconds(100));
  }
  const auto deadline = std::chrono::steady_clock::now() + wait.value_or(std::chrono::milliseconds::zero());
  while (!stop_ && !look_again_) {
    // A reason that changes while a version is copied is news without being a change of the outcomes.
    if (std::exchange(outcome_noted_, false) && poller_.IsAffectedBy(Outcomes())) break;
    if (!wait) {
      cv_.Wait(&mu_);
    } else if (!cv_.WaitUntil(&mu_, deadline)) {
      break;
    }
  }
}

}  // namespace trilho

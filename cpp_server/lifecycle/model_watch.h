// The thread that looks for the versions of one model.

#ifndef TRILHO_CPP_SERVER_LIFECYCLE_MODEL_WATCH_H_
#define TRILHO_CPP_SERVER_LIFECYCLE_MODEL_WATCH_H_

#include <atomic>
#include <cstdint>
#include <functional>
#include <set>
#include <string>
#include <thread>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/optional.h"
#include "cpp_server/core/manager.h"
#include "cpp_server/core/mutex.h"
#include "cpp_server/lifecycle/model_location.h"
#include "cpp_server/lifecycle/model_poller.h"
#include "cpp_server/lifecycle/watch_options.h"

namespace trilho {

// Tells what a watch has found since its location was set, or it was asked to look again.
struct WatchReport {
  // Why the versions cannot be listed; empty where all is well.
  std::string problem;
  // True if some version should be served.
  bool aspires = false;
  // The failures that the choice of versions has taken into account.
  std::set<int64_t> failing;
};

// Looks again and again, and has a manager serve what was chosen. Storage that hangs, and the checksums of a large
// version, hold up this thread alone; it gives way to those that answer calls.
//
// Thread-safe. What was seen before the latest SetLocation, or is seen after End, is told nobody.
class ModelWatch {
 public:
  // Looks once there is a location. `manager` outlives this. `on_report` is called, with a lock held, when report()
  // has changed; it must return soon and not call this object.
  ModelWatch(const std::string& model, const WatchOptions& options, Manager* manager, std::function<void()> on_report);
  // Stop, and waits for a look that has begun, which ends early unless the storage hangs. Not from a callback.
  ~ModelWatch();
  ModelWatch(const ModelWatch&) = delete;
  ModelWatch& operator=(const ModelWatch&) = delete;

  // RESOURCE_EXHAUSTED if there is no thread to look; then nothing else may be called.
  absl::Status status() const { return thread_.status(); }

  // Looks at once, as if for the first time, and has served what it sees, changed or not.
  void SetLocation(ModelLocation location) EXCLUDES(mu_);

  // Looks at once, reads again what it found wanting, and has served what it sees, changed or not.
  void LookAgain() EXCLUDES(mu_);

  // Is to be called after a version of the model has failed to load, or answers: looks at once if the choice of
  // versions may be another one for that.
  void NoteOutcome() EXCLUDES(mu_);

  // Absent until a look has ended since SetLocation or LookAgain.
  absl::optional<WatchReport> report() const EXCLUDES(mu_);

  // Has the manager forget the model, and tells it nothing after that. Waits for no storage.
  void End() EXCLUDES(mu_);

  // Tells nothing any more. Waits for no storage.
  void Stop() EXCLUDES(mu_);

  // True if the destructor has nothing to wait for.
  bool is_over() const { return is_over_; }

 private:
  void Run() EXCLUDES(mu_);
  LoadOutcomes Outcomes() const;
  // Makes a report of what was seen, and has the manager serve what was chosen.
  void Report(const ModelPoller::Sight& sight) REQUIRES(mu_);
  void ReportProblem() REQUIRES(mu_);
  void Aspire(const VersionChoice& choice) REQUIRES(mu_);
  // Waits for the next look.
  void Wait(bool is_pending) REQUIRES(mu_);
  void StopLocked() REQUIRES(mu_);

  const std::string model_;
  const WatchOptions options_;
  Manager* const manager_;
  const std::function<void()> on_report_;
  // Written under mu_, so that a wait does not miss it; read without, in the middle of a look.
  std::atomic<bool> stop_{false};
  std::atomic<bool> is_over_{false};

  mutable Mutex mu_;
  CondVar cv_;
  absl::optional<ModelLocation> location_ GUARDED_BY(mu_);
  // Looks without a wait, and what it sees is told in any case.
  bool look_again_ GUARDED_BY(mu_) = false;
  // The next look is the first one of a location.
  bool begin_anew_ GUARDED_BY(mu_) = false;
  bool forget_verdicts_ GUARDED_BY(mu_) = false;
  bool outcome_noted_ GUARDED_BY(mu_) = false;
  bool tell_anew_ GUARDED_BY(mu_) = true;
  absl::Status error_ GUARDED_BY(mu_);
  absl::optional<WatchReport> report_ GUARDED_BY(mu_);
  // The versions that are served although newer ones should be, as far as they were logged.
  std::set<int64_t> substitutes_ GUARDED_BY(mu_);

  // Used by the thread only.
  ModelPoller poller_;
  absl::StatusOr<std::thread> thread_ = std::thread();
};

}  // namespace trilho

#endif  // TRILHO_CPP_SERVER_LIFECYCLE_MODEL_WATCH_H_

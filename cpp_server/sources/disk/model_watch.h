// The thread that looks at the folder of one model.

#ifndef TRILHO_CPP_SERVER_SOURCES_DISK_MODEL_WATCH_H_
#define TRILHO_CPP_SERVER_SOURCES_DISK_MODEL_WATCH_H_

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <string>
#include <thread>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/optional.h"
#include "cpp_server/core/mutex.h"
#include "cpp_server/core/source.h"
#include "cpp_server/sources/disk/model_poller.h"

namespace trilho {

// Called when the error of a model changes, with OK when it is over; e.g. NOT_FOUND while its base path is missing.
// `generation` is as in AspiredVersions.
using ModelErrorCallback =
    std::function<void(const std::string& model, const absl::Status& error, uint64_t generation)>;

// Looks again and again, and tells what has changed. A disk that hangs holds up this thread alone.
//
// Thread-safe. Callbacks come one after another, and none for what was set before the latest Set or after End.
class ModelWatch {
 public:
  struct Options {
    // See DiskSource::Options.
    std::chrono::milliseconds poll_wait = std::chrono::seconds(1);
    VersionCompleteness completeness = VersionCompleteness::kStable;
    std::chrono::milliseconds settle_time = std::chrono::seconds(2);
    ModelHealthCallback health;
    ModelErrorCallback on_error;
    Source::AspiredVersionsCallback callback;
  };

  // Looks once Begin is called.
  ModelWatch(Options options, ModelLocation location, uint64_t generation);
  // Stop, and waits for a look that has begun, which ends early unless the disk hangs. Not from a callback.
  ~ModelWatch();
  ModelWatch(const ModelWatch&) = delete;
  ModelWatch& operator=(const ModelWatch&) = delete;

  // RESOURCE_EXHAUSTED if there is no thread to look; then nothing else may be called.
  absl::Status status() const { return thread_.status(); }

  void Begin() EXCLUDES(mu_);

  // The same model, perhaps elsewhere: looks at once and tells what it sees, changed or not.
  void Set(ModelLocation location, uint64_t generation) EXCLUDES(mu_);

  // Looks at once, reads again what it found wanting, and tells what it sees, changed or not.
  void LookAgain() EXCLUDES(mu_);

  // Its health may have changed: looks at once if so, and tells what follows.
  void CheckHealth() EXCLUDES(mu_);

  // Tells that the model is not watched any more, and nothing after that. Waits for no disk.
  void End(uint64_t generation) EXCLUDES(mu_);

  // Tells nothing any more. Waits for no disk.
  void Stop() EXCLUDES(mu_);

  // Whether the destructor has nothing to wait for.
  bool is_over() const { return is_over_; }

 private:
  void Run() EXCLUDES(mu_);
  void Tell(const ModelPoller::Sight& sight) REQUIRES(mu_);
  // Waits for the next look.
  void Wait(bool is_pending) REQUIRES(mu_);
  void StopLocked() REQUIRES(mu_);

  const Options options_;
  // Written under mu_, so that a wait does not miss it; read without, in the middle of a look.
  std::atomic<bool> stop_{false};
  std::atomic<bool> is_over_{false};

  Mutex mu_;
  CondVar cv_;
  ModelLocation location_ GUARDED_BY(mu_);
  uint64_t generation_ GUARDED_BY(mu_);
  bool begun_ GUARDED_BY(mu_) = false;
  // Looks without a wait, and what it sees is told in any case.
  bool look_again_ GUARDED_BY(mu_) = false;
  bool forget_verdicts_ GUARDED_BY(mu_) = false;
  bool check_health_ GUARDED_BY(mu_) = false;
  bool tell_anew_ GUARDED_BY(mu_) = true;
  absl::Status error_ GUARDED_BY(mu_);

  // Used by the thread only.
  ModelPoller poller_;
  absl::StatusOr<std::thread> thread_ = std::thread();
};

}  // namespace trilho

#endif  // TRILHO_CPP_SERVER_SOURCES_DISK_MODEL_WATCH_H_

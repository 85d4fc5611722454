// Makes changes one after another, and waits for what comes of them, beside the fronts' threads.

#ifndef TRILHO_CPP_SERVER_SERVER_RELOAD_WORKER_H_
#define TRILHO_CPP_SERVER_SERVER_RELOAD_WORKER_H_

#include <chrono>
#include <deque>
#include <functional>
#include <list>
#include <memory>
#include <thread>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "cpp_server/core/change_counter.h"
#include "cpp_server/core/mutex.h"

namespace trilho {

// Thread-safe.
class ReloadWorker {
 public:
  // All of it is called on the worker's thread and must return soon.
  struct Job {
    std::function<absl::Status()> change;
    // Asked after `change` has returned OK, at every change that is counted, and once `patience` after the first time,
    // until it says yes.
    std::function<bool()> is_complete;
    // The time for which is_complete may depend on the clock, too.
    std::chrono::milliseconds patience{0};
    // Returns what came of it then.
    std::function<absl::Status()> result;
    // Called once: with an error of `change`, or the result.
    std::function<void(absl::Status)> done;
  };

  // `changes` counts what is_complete of all jobs depends on.
  explicit ReloadWorker(std::shared_ptr<ChangeCounter> changes);
  // Stop, and waits until all jobs are done.
  ~ReloadWorker();
  ReloadWorker(const ReloadWorker&) = delete;
  ReloadWorker& operator=(const ReloadWorker&) = delete;

  // RESOURCE_EXHAUSTED if there is no thread to make changes.
  absl::Status status() const { return thread_.status(); }

  // Makes the change after those that were added before, whether those are complete or not.
  void Add(Job job) EXCLUDES(mu_);

  // Returns at once. What is not complete is done with UNAVAILABLE, what is added later too.
  void Stop() EXCLUDES(mu_);

 private:
  using Clock = std::chrono::steady_clock;

  void Run() EXCLUDES(mu_);
  struct Waiting {
    Job job;
    // The time at which is_complete is to be asked without a change.
    Clock::time_point ask_at;
  };

  // Makes the change of each of `jobs`; those that are to be waited for go to `waiting`.
  void Begin(std::deque<Job> jobs, bool stopped, std::list<Waiting>* waiting);
  // Ends those of `waiting` that are complete, or all if the worker was stopped.
  void EndComplete(bool stopped, std::list<Waiting>* waiting);

  // Counts jobs that are added, too, and the stop.
  const std::shared_ptr<ChangeCounter> changes_;
  Mutex mu_;
  std::deque<Job> jobs_ GUARDED_BY(mu_);
  bool stopped_ GUARDED_BY(mu_) = false;
  bool ending_ GUARDED_BY(mu_) = false;
  absl::StatusOr<std::thread> thread_;
};

}  // namespace trilho

#endif  // TRILHO_CPP_SERVER_SERVER_RELOAD_WORKER_H_

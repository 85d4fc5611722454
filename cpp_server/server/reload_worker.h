// Makes changes one after another, and waits for what comes of them, beside the fronts' threads.

#ifndef TRILHO_CPP_SERVER_SERVER_RELOAD_WORKER_H_
#define TRILHO_CPP_SERVER_SERVER_RELOAD_WORKER_H_

#include <deque>
#include <functional>
#include <list>
#include <thread>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "cpp_server/core/mutex.h"

namespace trilho {

// Thread-safe.
class ReloadWorker {
 public:
  // All of it is called on the worker's thread and must return soon.
  struct Job {
    std::function<absl::Status()> change;
    // After `change` has returned OK: asked again and again until it says yes.
    std::function<bool()> is_complete;
    // What came of it then.
    std::function<absl::Status()> result;
    // Called once: with an error of `change`, or the result.
    std::function<void(absl::Status)> done;
  };

  ReloadWorker();
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
  void Run() EXCLUDES(mu_);
  // Makes the change of each of `jobs`; those that are to be waited for go to `waiting`.
  void Begin(std::deque<Job> jobs, bool stopped, std::list<Job>* waiting);

  Mutex mu_;
  CondVar cv_;
  std::deque<Job> jobs_ GUARDED_BY(mu_);
  bool stopped_ GUARDED_BY(mu_) = false;
  bool ending_ GUARDED_BY(mu_) = false;
  absl::StatusOr<std::thread> thread_;
};

}  // namespace trilho

#endif  // TRILHO_CPP_SERVER_SERVER_RELOAD_WORKER_H_

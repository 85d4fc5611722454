// Does what waits for models, one after another, beside the fronts' threads.

#ifndef TRILHO_CPP_SERVER_SERVER_RELOAD_WORKER_H_
#define TRILHO_CPP_SERVER_SERVER_RELOAD_WORKER_H_

#include <atomic>
#include <deque>
#include <functional>
#include <thread>

#include "cpp_server/core/mutex.h"

namespace trilho {

// Thread-safe.
class ReloadWorker {
 public:
  // `stopped` turns true when the worker is to end; a job looks at it now and
  // then.
  using Job = std::function<void(const std::atomic<bool>& stopped)>;

  ReloadWorker();
  // Stop, and wait for the job under way.
  ~ReloadWorker();
  ReloadWorker(const ReloadWorker&) = delete;
  ReloadWorker& operator=(const ReloadWorker&) = delete;

  // Runs `job` after those that were added before. Every job is run, also after
  // Stop.
  void Add(Job job) EXCLUDES(mu_);

  // Returns at once.
  void Stop() EXCLUDES(mu_);

 private:
  void Run() EXCLUDES(mu_);

  std::atomic<bool> stopped_{false};
  Mutex mu_;
  CondVar cv_;
  std::deque<Job> jobs_ GUARDED_BY(mu_);
  bool ending_ GUARDED_BY(mu_) = false;
  std::thread thread_;
};

}  // namespace trilho

#endif  // TRILHO_CPP_SERVER_SERVER_RELOAD_WORKER_H_

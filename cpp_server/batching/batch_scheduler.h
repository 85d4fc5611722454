// The threads that batches run on, shared fairly by all models.

#ifndef TRILHO_CPP_SERVER_BATCHING_BATCH_SCHEDULER_H_
#define TRILHO_CPP_SERVER_BATCHING_BATCH_SCHEDULER_H_

#include <chrono>
#include <cstdint>
#include <list>
#include <memory>
#include <thread>
#include <vector>

#include "absl/status/status.h"
#include "cpp_server/core/mutex.h"

namespace trilho {

// Who is next: models in turn, whatever the number of their queues, and each
// model's queues in turn. Thread-safe.
class BatchScheduler {
 public:
  using TimePoint = std::chrono::steady_clock::time_point;

  // A queue of batches, of one scheduler.
  class Source {
   public:
    Source() = default;
    Source(const Source&) = delete;
    Source& operator=(const Source&) = delete;
    virtual ~Source() = default;

    // Runs a batch, if one is ready, on the calling thread. To let another
    // thread run the next one meanwhile, or this one later, it schedules itself
    // again.
    virtual void RunNext() = 0;

   private:
    friend class BatchScheduler;
    // Under the scheduler's mutex, which annotations cannot name here.
    bool scheduled_ = false;
    TimePoint ready_;
  };

  // A model's place in the turn.
  class Share {
   private:
    friend class BatchScheduler;
    // Under the scheduler's mutex, too.
    std::list<std::shared_ptr<Source>> sources_;
  };

  BatchScheduler() = default;
  BatchScheduler(const BatchScheduler&) = delete;
  BatchScheduler& operator=(const BatchScheduler&) = delete;

  // Has RunNext called once, not before `ready`. A source that is scheduled
  // already stays in its place and is called at the earlier of both times. A
  // source has always the same share.
  void Schedule(const std::shared_ptr<Share>& share, const std::shared_ptr<Source>& source, TimePoint ready)
      EXCLUDES(mu_);

  // Runs what is scheduled until Stop.
  void Work() EXCLUDES(mu_);
  // What is still scheduled is dropped.
  void Stop() EXCLUDES(mu_);

 private:
  // The next source that is ready, or null and when one will be.
  std::shared_ptr<Source> Take(TimePoint now, TimePoint* next) REQUIRES(mu_);

  Mutex mu_;
  CondVar changed_;
  bool stopped_ GUARDED_BY(mu_) = false;
  // Those with sources, in the order of their turns.
  std::list<std::shared_ptr<Share>> shares_ GUARDED_BY(mu_);
};

// Thread-safe. May be destroyed on one of its own threads.
class BatchThreads {
 public:
  // `num_threads` is at least 1.
  explicit BatchThreads(int64_t num_threads);
  // Nothing may be pending. Waits for the threads, but for the calling one.
  ~BatchThreads();
  BatchThreads(const BatchThreads&) = delete;
  BatchThreads& operator=(const BatchThreads&) = delete;

  // RESOURCE_EXHAUSTED if there were not so many threads to be had.
  const absl::Status& status() const { return status_; }

  const std::shared_ptr<BatchScheduler>& scheduler() const { return scheduler_; }

 private:
  // The threads', too.
  const std::shared_ptr<BatchScheduler> scheduler_;
  std::vector<std::thread> threads_;
  absl::Status status_;
};

}  // namespace trilho

#endif  // TRILHO_CPP_SERVER_BATCHING_BATCH_SCHEDULER_H_

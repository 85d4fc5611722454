// Requests of one signature that can share a run.

#ifndef TRILHO_CPP_SERVER_BATCHING_BATCH_QUEUE_H_
#define TRILHO_CPP_SERVER_BATCHING_BATCH_QUEUE_H_

#include <chrono>
#include <cstdint>
#include <deque>
#include <memory>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "cpp_server/batching/batch_run.h"
#include "cpp_server/batching/batch_scheduler.h"
#include "cpp_server/batching/batch_task.h"
#include "cpp_server/core/mutex.h"

namespace trilho {

// First come, first served. Forms a batch as late as possible: when a thread is
// free and either the batch is full or its first task has waited long enough.
// Thread-safe; lives until its last batch is answered.
class BatchQueue final : public BatchScheduler::Source, public std::enable_shared_from_this<BatchQueue> {
 public:
  struct Options {
    std::shared_ptr<const BatchContext> context;
    std::shared_ptr<BatchScheduler> scheduler;
    std::shared_ptr<BatchScheduler::Share> share;
    // Its tasks cannot be batched: each is run as it came, and does not wait
    // for others.
    bool alone = false;
  };

  explicit BatchQueue(Options options) : options_(std::move(options)) {}

  // All of them or none, which then stay the caller's: RESOURCE_EXHAUSTED, with
  // TF Serving's message, if the rows of others that wait leave no room.
  absl::Status Enqueue(std::vector<BatchTask>* tasks) EXCLUDES(mu_);

  bool empty() const EXCLUDES(mu_);

  void RunNext() override EXCLUDES(mu_);

 private:
  using TimePoint = BatchScheduler::TimePoint;

  // A task that nobody waits for any more, and which answer that gives.
  using GivenUp = std::pair<BatchTask, absl::Status>;

  TimePoint ReadyAt() const REQUIRES(mu_);
  void TakeBatch(TimePoint now, std::vector<BatchTask>* batch, std::vector<GivenUp>* given_up) REQUIRES(mu_);
  int64_t LargestBatch() const { return options_.alone ? 1 : options_.context->parameters.LargestBatch(); }

  const Options options_;
  mutable Mutex mu_;
  // While it is not empty, a call of RunNext is scheduled or on its way.
  std::deque<BatchTask> tasks_ GUARDED_BY(mu_);
  int64_t rows_ GUARDED_BY(mu_) = 0;
};

}  // namespace trilho

#endif  // TRILHO_CPP_SERVER_BATCHING_BATCH_QUEUE_H_

#include "cpp_server/batching/batch_queue.h"

#include "absl/strings/str_cat.h"

namespace trilho {

absl::Status BatchQueue::Enqueue(std::vector<BatchTask>* tasks) {
  const BatchingParameters& parameters = options_.context->parameters;
  int64_t rows = 0;
  for (const BatchTask& task : *tasks) rows += task.rows;
  MutexLock lock(&mu_);
  // A request that was split may be larger than the queue: better alone in it than never.
  if (!tasks_.empty() && rows > parameters.QueueCapacity() - rows_) {
    return absl::ResourceExhaustedError(absl::StrCat(
        "The batch scheduling queue to which this task was submitted is full; currently ",
        (rows_ - 1) / parameters.LargestBatch() + 1, " batches enqueued and max_enqueued_batches is ",
        parameters.max_enqueued_batches, " (", rows_, options_.alone ? " requests that run alone" : " rows", " of ",
        parameters.QueueCapacity(), " wait, this task has ", rows, ")"));
  }
  const bool was_empty = tasks_.empty(), was_full = rows_ >= LargestBatch();
  for (BatchTask& task : *tasks) tasks_.push_back(std::move(task));
  tasks->clear();
  rows_ += rows;
  if (was_empty || (!was_full && rows_ >= LargestBatch())) {
    options_.scheduler->Schedule(options_.share, shared_from_this(), ReadyAt());
  }
  return absl::OkStatus();
}

bool BatchQueue::empty() const {
  MutexLock lock(&mu_);
  return tasks_.empty();
}

void BatchQueue::RunNext() {
  std::vector<BatchTask> batch;
  std::vector<GivenUp> given_up;
  {
    MutexLock lock(&mu_);
    const TimePoint now = std::chrono::steady_clock::now();
    // Others may have been quicker.
    if (tasks_.empty()) return;
    if (ReadyAt() <= now) TakeBatch(now, &batch, &given_up);
    if (!tasks_.empty()) options_.scheduler->Schedule(options_.share, shared_from_this(), ReadyAt());
  }
  for (GivenUp& task : given_up) task.first.Answer(std::move(task.second));
  if (batch.empty()) return;
  if (options_.alone) return RunAlone(*options_.context, std::move(batch.front()));
  RunBatch(*options_.context, std::move(batch));
}

BatchQueue::TimePoint BatchQueue::ReadyAt() const {
  const TimePoint submitted = tasks_.front().submitted;
  if (rows_ >= LargestBatch()) return submitted;
  return submitted + std::chrono::microseconds(options_.context->parameters.batch_timeout_micros);
}

void BatchQueue::TakeBatch(TimePoint now, std::vector<BatchTask>* batch, std::vector<GivenUp>* given_up) {
  int64_t room = LargestBatch();
  while (!tasks_.empty()) {
    BatchTask& task = tasks_.front();
    absl::Status awaited = task.CheckAwaited();
    if (awaited.ok() && task.rows > room) return;
    rows_ -= task.rows;
    task.queued_micros = std::chrono::duration_cast<std::chrono::microseconds>(now - task.submitted).count();
    if (awaited.ok()) {
      room -= task.rows;
      batch->push_back(std::move(task));
    } else {
      given_up->emplace_back(std::move(task), std::move(awaited));
    }
    tasks_.pop_front();
  }
}

}  // namespace trilho

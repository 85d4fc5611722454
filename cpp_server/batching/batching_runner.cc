#include "cpp_server/batching/batching_runner.h"

#include <algorithm>
#include <cstdint>
#include <map>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/types/optional.h"
#include "cpp_server/batching/batch_plan.h"
#include "cpp_server/batching/batch_queue.h"
#include "cpp_server/batching/batch_run.h"
#include "cpp_server/batching/batch_task.h"
#include "cpp_server/core/mutex.h"

namespace trilho {
namespace {

// Queues that are kept although they are empty.
constexpr size_t kFewQueues = 64;

// Which requests of a signature share a queue: by their outputs, and of each input the rank and the dimensions beyond
// the first. Empty for those that run alone.
using QueueKey = std::vector<int64_t>;

QueueKey KeyOf(const RunRequest& request, bool by_rank_only) {
  QueueKey key(request.outputs.begin(), request.outputs.end());
  // Ends the outputs, of which there may be any number.
  key.push_back(-1);
  for (const Tensor& input : request.inputs) {
    key.push_back(input.rank());
    if (by_rank_only) continue;
    for (int i = 1; i < input.rank(); ++i) key.push_back(input.dim(i));
  }
  return key;
}

// Sorts the outputs, which are different ones: who asks for the same set shares a batch.
void SortOutputs(RunRequest* request, RunDone* done) {
  if (std::is_sorted(request->outputs.begin(), request->outputs.end())) return;
  std::vector<int> sorted = request->outputs;
  std::sort(sorted.begin(), sorted.end());
  std::vector<size_t> positions;
  positions.reserve(request->outputs.size());
  for (const int output : request->outputs) {
    positions.push_back(static_cast<size_t>(std::lower_bound(sorted.begin(), sorted.end(), output) - sorted.begin()));
  }
  request->outputs = std::move(sorted);
  *done = [positions = std::move(positions), done = std::move(*done)](absl::StatusOr<RunResult> result) {
    if (result.ok()) {
      std::vector<Tensor> outputs;
      for (const size_t position : positions) outputs.push_back(std::move(result->outputs[position]));
      result->outputs = std::move(outputs);
    }
    done(std::move(result));
  };
}

// The queues of a model. Run touches nothing else: the runner may be gone, with its last answer, before Run returns.
class Queues {
 public:
  Queues(BatchContext context, std::shared_ptr<BatchScheduler> scheduler)
      : context_(std::make_shared<const BatchContext>(std::move(context))),
        scheduler_(std::move(scheduler)),
        share_(std::make_shared<BatchScheduler::Share>()) {}

  void Submit(RunRequest request, RunDone done) EXCLUDES(mu_) {
    // Null for all temporary ones: they share the queue of what runs alone.
    const Signature* const signature = request.signature->temporary ? nullptr : request.signature;
    const BatchingParameters& parameters = context_->parameters;
    const absl::optional<int64_t> rows = PlanOf(signature).RowsOf(request);
    if (rows && *rows > parameters.LargestTask()) {
      return done(absl::InvalidArgumentError(
          absl::StrCat("Task size ", *rows, " is larger than maximum input batch size ", parameters.LargestTask())));
    }
    if (rows) SortOutputs(&request, &done);
    const QueueKey key = rows ? KeyOf(request, parameters.pad_variable_length_inputs) : QueueKey();

    BatchTask task;
    task.request = std::move(request);
    task.done = std::move(done);
    task.rows = rows.value_or(1);
    task.submitted = std::chrono::steady_clock::now();
    std::vector<BatchTask> tasks;
    if (rows && *rows > parameters.LargestBatch()) {
      tasks = Split(std::move(task), parameters.LargestBatch(), context_->direct);
    } else {
      tasks.push_back(std::move(task));
    }
    const absl::Status enqueued = Enqueue(signature, key, &tasks);
    if (enqueued.ok()) return;
    for (BatchTask& refused : tasks) refused.Answer(enqueued);
  }

 private:
  // Stays where it is.
  const BatchPlan& PlanOf(const Signature* signature) EXCLUDES(mu_) {
    MutexLock lock(&mu_);
    std::unique_ptr<const BatchPlan>& plan = plans_[signature];
    if (plan == nullptr) {
      plan = signature == nullptr ? std::make_unique<const BatchPlan>() : std::make_unique<const BatchPlan>(*signature);
    }
    return *plan;
  }

  absl::Status Enqueue(const Signature* signature, const QueueKey& key, std::vector<BatchTask>* tasks) EXCLUDES(mu_) {
    // Held so that no queue is dropped between being found and being filled.
    MutexLock lock(&mu_);
    std::shared_ptr<BatchQueue>& queue = queues_[{signature, key}];
    if (queue != nullptr) return queue->Enqueue(tasks);
    BatchQueue::Options options;
    options.context = context_;
    options.scheduler = scheduler_;
    options.share = share_;
    options.alone = key.empty();
    queue = std::make_shared<BatchQueue>(std::move(options));
    absl::Status enqueued = queue->Enqueue(tasks);
    if (queues_.size() >= drop_at_) DropEmptyQueues();
    return enqueued;
  }

  // Clients choose shapes, and so the number of queues.
  void DropEmptyQueues() REQUIRES(mu_) {
    for (auto queue = queues_.begin(); queue != queues_.end();) {
      queue = queue->second->empty() ? queues_.erase(queue) : std::next(queue);
    }
    // Keeps the average effort for a new queue constant.
    drop_at_ = std::max(kFewQueues, 2 * queues_.size());
  }

  const std::shared_ptr<const BatchContext> context_;
  const std::shared_ptr<BatchScheduler> scheduler_;
  const std::shared_ptr<BatchScheduler::Share> share_;
  Mutex mu_;
  std::map<const Signature*, std::unique_ptr<const BatchPlan>> plans_ GUARDED_BY(mu_);
  std::map<std::pair<const Signature*, QueueKey>, std::shared_ptr<BatchQueue>> queues_ GUARDED_BY(mu_);
  size_t drop_at_ GUARDED_BY(mu_) = kFewQueues;
};

class BatchingRunner final : public Runner {
 public:
  BatchingRunner(std::unique_ptr<Runner> direct, const BatchingParameters& parameters,
                 std::shared_ptr<BatchThreads> threads, std::shared_ptr<BatchObserver> observer)
      : direct_(std::move(direct)),
        threads_(std::move(threads)),
        queues_(std::make_shared<Queues>(BatchContext{parameters, direct_.get(), std::move(observer)},
                                         threads_->scheduler())) {}

  void Run(RunRequest request, RunDone done) override {
    const std::shared_ptr<Queues> queues = queues_;
    queues->Submit(std::move(request), std::move(done));
  }

 private:
  const std::unique_ptr<Runner> direct_;
  const std::shared_ptr<BatchThreads> threads_;
  const std::shared_ptr<Queues> queues_;
};

}  // namespace

std::unique_ptr<Runner> NewBatchingRunner(std::unique_ptr<Runner> direct, const BatchingParameters& parameters,
                                          std::shared_ptr<BatchThreads> threads,
                                          std::shared_ptr<BatchObserver> observer) {
  return std::make_unique<BatchingRunner>(std::move(direct), parameters, std::move(threads), std::move(observer));
}

}  // namespace trilho

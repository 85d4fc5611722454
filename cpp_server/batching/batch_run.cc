#include "cpp_server/batching/batch_run.h"

#include <algorithm>
#include <new>
#include <utility>

#include "absl/types/optional.h"
#include "cpp_server/admission/no_memory.h"
#include "cpp_server/batching/batch_tensors.h"
#include "cpp_server/core/mutex.h"

namespace trilho {
namespace {

using Clock = std::chrono::steady_clock;

// The calling thread stays taken until `direct` has answered, on whatever thread: only so do num_batch_threads bound
// what runs at once.
absl::StatusOr<RunResult> RunAndWait(Runner* direct, RunRequest request) {
  struct Answer {
    Mutex mu;
    CondVar changed;
    absl::optional<absl::StatusOr<RunResult>> result GUARDED_BY(mu);
  };
  // Shared: the other thread may still be on its way out of it when this one returns.
  const auto answer = std::make_shared<Answer>();
  direct->Run(std::move(request), [answer](absl::StatusOr<RunResult> result) {
    MutexLock lock(&answer->mu);
    answer->result = std::move(result);
    answer->changed.NotifyOne();
  });
  MutexLock lock(&answer->mu);
  while (!answer->result) answer->changed.Wait(&answer->mu);
  return *std::move(answer->result);
}

// One batch from its tasks to their answers.
class BatchRun {
 public:
  // `again`: they have been in a batch already. `alone`: one task, to be run as it came.
  BatchRun(const BatchContext& context, std::vector<BatchTask> tasks, bool again, bool alone)
      : context_(context), tasks_(std::move(tasks)), again_(again), alone_(alone) {
    for (const BatchTask& task : tasks_) rows_ += task.rows;
    padded_rows_ = alone ? rows_ : context.parameters.PaddedSize(rows_);
  }

  // Answers all tasks. Those for which there is no memory get that as their error.
  void Run() {
    try {
      RunAll();
    } catch (const std::bad_alloc&) {
      for (BatchTask& task : tasks_) {
        if (task.done) task.Answer(NoMemoryError());
      }
    }
  }

 private:
  void RunAll() {
    const bool is_one = tasks_.size() == 1;
    const bool is_copied = !is_one || padded_rows_ != rows_ || tasks_.front().whole != nullptr;
    auto result = is_copied ? RunTogether() : RunDirect(std::move(tasks_.front().request.inputs));
    if (!result.ok()) {
      if (is_one) return tasks_.front().Answer(result.status());
      return RunApart(/*alone=*/false);
    }
    if (is_one && padded_rows_ == rows_) return Answer(&tasks_.front(), std::move(result->outputs));
    if (!HaveRows(result->outputs)) return RunApart(/*alone=*/true);
    int64_t first_row = 0;
    for (BatchTask& task : tasks_) {
      const int64_t rows = task.rows;
      Answer(&task, OrNoMemory([&] { return CopyOutputs(result->outputs, first_row, rows); }));
      first_row += rows;
    }
  }

  absl::StatusOr<RunResult> RunTogether() {
    std::vector<Tensor> inputs;
    const size_t count = tasks_.front().inputs().size();
    for (size_t i = 0; i < count; ++i) {
      std::vector<Rows> parts;
      parts.reserve(tasks_.size());
      for (const BatchTask& task : tasks_) parts.push_back({&task.inputs()[i], task.first_row, task.rows});
      auto input = Concatenate(parts, padded_rows_);
      if (!input.ok()) return input.status();
      inputs.push_back(*std::move(input));
    }
    return RunDirect(std::move(inputs));
  }

  absl::StatusOr<RunResult> RunDirect(std::vector<Tensor> inputs) {
    const RunRequest& first = tasks_.front().request;
    RunRequest request;
    request.signature = first.signature;
    request.inputs = std::move(inputs);
    request.outputs = first.outputs;
    request.deadline = first.deadline;
    // A batch is run as long as anybody waits for it.
    for (const BatchTask& task : tasks_) request.deadline = std::max(request.deadline, task.request.deadline);
    if (tasks_.size() == 1) request.cancelled = first.cancelled;

    const auto begin = Clock::now();
    auto result = RunAndWait(context_.direct, std::move(request));
    run_micros_ = std::chrono::duration_cast<std::chrono::microseconds>(Clock::now() - begin).count();
    if (context_.observer != nullptr) Observe(result.ok());
    return result;
  }

  void Observe(bool ok) {
    BatchEvent event;
    event.signature = tasks_.front().request.signature->name;
    event.tasks = static_cast<int64_t>(tasks_.size());
    event.input_size = rows_;
    event.padded_size = padded_rows_;
    if (!again_) {
      for (const BatchTask& task : tasks_) event.queued_micros.push_back(task.queued_micros);
    }
    event.run_micros = run_micros_;
    event.alone = alone_;
    event.ok = ok;
    context_.observer->OnBatch(event);
  }

  // Whether all have a row for each of the batch.
  bool HaveRows(const std::vector<Tensor>& outputs) const {
    return std::all_of(outputs.begin(), outputs.end(),
                       [this](const Tensor& output) { return output.rank() > 0 && output.dim(0) == padded_rows_; });
  }

  // One by one, so that what is wrong with one harms only itself.
  void RunApart(bool alone) {
    for (BatchTask& task : tasks_) {
      std::vector<BatchTask> one;
      one.push_back(std::move(task));
      BatchRun(context_, std::move(one), /*again=*/true, alone).Run();
    }
  }

  void Answer(BatchTask* task, absl::StatusOr<std::vector<Tensor>> outputs) const {
    if (!outputs.ok()) return task->Answer(outputs.status());
    RunResult result;
    result.outputs = *std::move(outputs);
    result.times.queued = task->queued_micros;
    result.times.run = run_micros_;
    task->Answer(std::move(result));
  }

  static absl::StatusOr<std::vector<Tensor>> CopyOutputs(const std::vector<Tensor>& outputs, int64_t first,
                                                         int64_t rows) {
    std::vector<Tensor> copies;
    copies.reserve(outputs.size());
    for (const Tensor& output : outputs) {
      auto copy = CopyRows({&output, first, rows});
      if (!copy.ok()) return copy.status();
      copies.push_back(*std::move(copy));
    }
    return copies;
  }

  const BatchContext& context_;
  std::vector<BatchTask> tasks_;
  const bool again_;
  const bool alone_;
  int64_t rows_ = 0;
  int64_t padded_rows_ = 0;
  int64_t run_micros_ = 0;
};

}  // namespace

void RunBatch(const BatchContext& context, std::vector<BatchTask> tasks) {
  BatchRun(context, std::move(tasks), /*again=*/false, /*alone=*/false).Run();
}

void RunAlone(const BatchContext& context, BatchTask task) {
  std::vector<BatchTask> one;
  one.push_back(std::move(task));
  BatchRun(context, std::move(one), /*again=*/false, /*alone=*/true).Run();
}

}  // namespace trilho

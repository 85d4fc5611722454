#include "cpp_server/batching/batch_task.h"

#include <algorithm>
#include <new>
#include <utility>

#include "absl/types/optional.h"
#include "cpp_server/admission/no_memory.h"
#include "cpp_server/batching/batch_tensors.h"
#include "cpp_server/core/mutex.h"
#include "cpp_server/tensorflow/direct_runner.h"

namespace trilho {
namespace {

// Calls `done`, and once more if there was no memory for what it does with the result.
void Tell(const RunDone& done, absl::StatusOr<RunResult> result) {
  try {
    return done(std::move(result));
    // NOLINTNEXTLINE(bugprone-empty-catch): what it took is free again by now
  } catch (const std::bad_alloc&) {
  }
  try {
    done(NoMemoryError());
    // NOLINTNEXTLINE(bugprone-empty-catch): there is no memory to say so either, and the thread is others' too
  } catch (const std::bad_alloc&) {
  }
}

// What the pieces of a request come together in.
class SplitRequest {
 public:
  SplitRequest(BatchTask task, size_t pieces, Runner* direct)
      : task_(std::move(task)), direct_(direct), pending_(pieces), results_(pieces) {}

  const BatchTask& task() const { return task_; }
  const std::atomic<bool>* failed() const { return &failed_; }

  void OnAnswer(size_t piece, int64_t rows, absl::StatusOr<RunResult> result) EXCLUDES(mu_) {
    {
      MutexLock lock(&mu_);
      if (result.ok()) {
        joinable_ = joinable_ && std::all_of(result->outputs.begin(), result->outputs.end(), [&](const Tensor& output) {
                      return output.rank() > 0 && output.dim(0) == rows;
                    });
        results_[piece] = *std::move(result);
      } else if (error_.ok()) {
        error_ = result.status();
        failed_.store(true, std::memory_order_relaxed);
      }
      if (--pending_ > 0) return;
    }
    Finish();
  }

 private:
  // When no other thread knows of this any more.
  void Finish() EXCLUDES(mu_) {
    std::vector<RunResult> results;
    bool joinable = false;
    absl::Status error;
    {
      MutexLock lock(&mu_);
      results = std::move(results_);
      joinable = joinable_;
      error = error_;
    }
    if (!error.ok()) return task_.Answer(std::move(error));
    try {
      auto joined = joinable ? Join(results) : absl::nullopt;
      if (joined) return task_.Answer(*std::move(joined));
      results.clear();
      direct_->Run(std::move(task_.request),
                   [done = task_.done](absl::StatusOr<RunResult> result) { Tell(done, std::move(result)); });
      task_.done = nullptr;
    } catch (const std::bad_alloc&) {
      task_.Answer(NoMemoryError());
    }
  }

  // Nothing if the pieces' outputs do not fit together.
  absl::optional<absl::StatusOr<RunResult>> Join(const std::vector<RunResult>& results) const {
    RunResult joined;
    for (const RunResult& result : results) {
      joined.times.queued = std::max(joined.times.queued, result.times.queued);
      joined.times.run += result.times.run;
    }
    for (size_t i = 0; i < results.front().outputs.size(); ++i) {
      std::vector<Rows> parts;
      std::vector<int64_t> dims = results.front().outputs[i].dims();
      for (const RunResult& result : results) {
        const Tensor& output = result.outputs[i];
        dims[0] = output.dim(0);
        if (output.dims() != dims) return absl::nullopt;
        parts.push_back({&output, 0, output.dim(0)});
      }
      auto output = Concatenate(parts, task_.rows);
      if (!output.ok()) return absl::StatusOr<RunResult>(output.status());
      joined.outputs.push_back(*std::move(output));
    }
    return absl::StatusOr<RunResult>(std::move(joined));
  }

  BatchTask task_;
  Runner* const direct_;
  std::atomic<bool> failed_{false};
  Mutex mu_;
  size_t pending_ GUARDED_BY(mu_);
  std::vector<RunResult> results_ GUARDED_BY(mu_);
  bool joinable_ GUARDED_BY(mu_) = true;
  absl::Status error_ GUARDED_BY(mu_);
};

}  // namespace

absl::Status BatchTask::CheckAwaited() const {
  if (failed != nullptr && failed->load(std::memory_order_relaxed)) {
    return absl::CancelledError("another piece of the request has failed");
  }
  return trilho::CheckAwaited(request);
}

void BatchTask::Answer(absl::StatusOr<RunResult> result) {
  // Not to be held while the answer is sent.
  request.inputs.clear();
  whole = nullptr;
  const RunDone once = std::move(done);
  done = nullptr;
  Tell(once, std::move(result));
}

std::vector<BatchTask> Split(BatchTask task, int64_t size, Runner* direct) {
  const int64_t rows = task.rows;
  const auto count = static_cast<size_t>((rows - 1) / size + 1);
  const auto split = std::make_shared<SplitRequest>(std::move(task), count, direct);
  const RunRequest& request = split->task().request;
  std::vector<BatchTask> pieces(count);
  for (size_t i = 0; i < count; ++i) {
    BatchTask& piece = pieces[i];
    piece.request.signature = request.signature;
    piece.request.outputs = request.outputs;
    piece.request.deadline = request.deadline;
    piece.request.cancelled = request.cancelled;
    piece.submitted = split->task().submitted;
    piece.first_row = static_cast<int64_t>(i) * size;
    piece.rows = std::min(size, rows - piece.first_row);
    piece.whole = {split, &request.inputs};
    piece.failed = {split, split->failed()};
    piece.done = [split, i, piece_rows = piece.rows](absl::StatusOr<RunResult> result) {
      split->OnAnswer(i, piece_rows, std::move(result));
    };
  }
  return pieces;
}

}  // namespace trilho

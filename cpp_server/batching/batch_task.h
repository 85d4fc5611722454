// What waits in a queue: a request, or a piece of one that is larger than a
// batch.

#ifndef TRILHO_CPP_SERVER_BATCHING_BATCH_TASK_H_
#define TRILHO_CPP_SERVER_BATCHING_BATCH_TASK_H_

#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <vector>

#include "absl/status/status.h"
#include "cpp_server/tensorflow/runner.h"

namespace trilho {

struct BatchTask {
  // Of a piece, without inputs.
  RunRequest request;
  RunDone done;
  // Of a request that cannot be batched, 1.
  int64_t rows = 0;
  std::chrono::steady_clock::time_point submitted;
  // From then until its batch was formed.
  int64_t queued_micros = 0;

  // Of a piece: its rows are [first_row, first_row + rows) of these inputs, and
  // it is not worth a run any more once another piece has failed.
  std::shared_ptr<const std::vector<Tensor>> whole;
  int64_t first_row = 0;
  std::shared_ptr<const std::atomic<bool>> failed;

  const std::vector<Tensor>& inputs() const { return whole == nullptr ? request.inputs : *whole; }

  // CANCELLED or DEADLINE_EXCEEDED if nobody waits for the answer any more.
  absl::Status CheckAwaited() const;

  // To be called once; what `done` holds is gone when it returns. Throws nothing that `done` does for want of memory.
  void Answer(absl::StatusOr<RunResult> result);
};

// Pieces of at most `size` rows. When all of them are answered, `task` is, on
// the thread of the last one: with their outputs joined, their longest wait and
// the sum of their runs, or with the first error. If the pieces' outputs cannot
// be joined, the whole request is run by `direct`, which must live until then.
std::vector<BatchTask> Split(BatchTask task, int64_t size, Runner* direct);

}  // namespace trilho

#endif  // TRILHO_CPP_SERVER_BATCHING_BATCH_TASK_H_

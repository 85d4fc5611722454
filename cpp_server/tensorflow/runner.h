// The seam between finding a model and running it.

#ifndef TRILHO_CPP_SERVER_TENSORFLOW_RUNNER_H_
#define TRILHO_CPP_SERVER_TENSORFLOW_RUNNER_H_

#include <atomic>
#include <chrono>
#include <functional>
#include <memory>
#include <vector>

#include "absl/status/statusor.h"
#include "cpp_server/tensorflow/signature.h"
#include "cpp_server/tensorflow/tensor.h"

namespace trilho {

// How the time of a run was spent, in microseconds.
struct RunTimes {
  int64_t queued = 0;
  int64_t run = 0;
};

struct RunRequest {
  // Of the model that runs it, or a temporary one of the caller's that lives
  // until `done` is called.
  const Signature* signature = nullptr;
  // In the order of signature->inputs and of their types; of whatever shapes.
  std::vector<Tensor> inputs;
  // Positions in signature->outputs.
  std::vector<int> outputs;
  std::chrono::steady_clock::time_point deadline = std::chrono::steady_clock::time_point::max();
  // True once nobody waits for the answer any more; may be null.
  std::shared_ptr<const std::atomic<bool>> cancelled;
};

struct RunResult {
  // One for each of RunRequest::outputs.
  std::vector<Tensor> outputs;
  RunTimes times;
};

// Called once, on the calling thread or another one. If it throws std::bad_alloc, whoever called Run gets that on its
// own thread; on another one it is called once more, with RESOURCE_EXHAUSTED.
using RunDone = std::function<void(absl::StatusOr<RunResult>)>;

// Runs requests of one loaded version, alone or in batches. Thread-safe. Lives
// as long as its model: a caller keeps a ServableHandle until `done` is called,
// typically inside it, so a Runner may be destroyed as soon as it has called the
// last `done` and must not touch itself after that.
class Runner {
 public:
  Runner() = default;
  Runner(const Runner&) = delete;
  Runner& operator=(const Runner&) = delete;
  virtual ~Runner() = default;

  // Answers DEADLINE_EXCEEDED or CANCELLED without a run if nobody waits for it
  // any more when its turn comes.
  virtual void Run(RunRequest request, RunDone done) = 0;
};

}  // namespace trilho

#endif  // TRILHO_CPP_SERVER_TENSORFLOW_RUNNER_H_

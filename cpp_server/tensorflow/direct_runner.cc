#include "cpp_server/tensorflow/direct_runner.h"

#include <utility>

#include "absl/status/status.h"
#include "cpp_server/tensorflow/saved_model.h"

namespace trilho {

absl::Status CheckAwaited(const RunRequest& request) {
  if (request.cancelled != nullptr && request.cancelled->load(std::memory_order_relaxed)) {
    return absl::CancelledError("the caller has gone before the model was run");
  }
  if (std::chrono::steady_clock::now() >= request.deadline) {
    return absl::DeadlineExceededError("the deadline passed before the model was run");
  }
  return absl::OkStatus();
}

void DirectRunner::Run(RunRequest request, RunDone done) {
  const absl::Status awaited = CheckAwaited(request);
  if (!awaited.ok()) return done(awaited);
  const auto begin = std::chrono::steady_clock::now();
  auto outputs = model_->Run(*request.signature, request.inputs, request.outputs, request.deadline);
  if (!outputs.ok()) return done(outputs.status());
  RunResult result;
  result.outputs = *std::move(outputs);
  result.times.run =
      std::chrono::duration_cast<std::chrono::microseconds>(std::chrono::steady_clock::now() - begin).count();
  done(std::move(result));
}

}  // namespace trilho

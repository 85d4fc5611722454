// Runs every request alone, on the thread that brings it.

#ifndef TRILHO_CPP_SERVER_TENSORFLOW_DIRECT_RUNNER_H_
#define TRILHO_CPP_SERVER_TENSORFLOW_DIRECT_RUNNER_H_

#include "cpp_server/tensorflow/runner.h"

namespace trilho {

class SavedModel;

// CANCELLED or DEADLINE_EXCEEDED if nobody waits for `request` any more.
absl::Status CheckAwaited(const RunRequest& request);

// The fastest way for a small model: no thread is changed on the way.
class DirectRunner final : public Runner {
 public:
  // `model` must outlive the runner.
  explicit DirectRunner(const SavedModel* model) : model_(model) {}

  void Run(RunRequest request, RunDone done) override;

 private:
  const SavedModel* const model_;
};

}  // namespace trilho

#endif  // TRILHO_CPP_SERVER_TENSORFLOW_DIRECT_RUNNER_H_

// Runs a batch once it is formed.

#ifndef TRILHO_CPP_SERVER_BATCHING_BATCH_RUN_H_
#define TRILHO_CPP_SERVER_BATCHING_BATCH_RUN_H_

#include <memory>
#include <vector>

#include "cpp_server/batching/batch_observer.h"
#include "cpp_server/batching/batch_task.h"
#include "cpp_server/batching/batching_parameters.h"
#include "cpp_server/tensorflow/runner.h"

namespace trilho {

// Where the batches of a model run.
struct BatchContext {
  BatchingParameters parameters;
  // Lives until the last task is answered.
  Runner* direct = nullptr;
  // May be null.
  std::shared_ptr<BatchObserver> observer;
};

// Runs tasks of one signature, of the same outputs and of inputs that can be
// concatenated, of at most LargestBatch() rows in all, and answers each: with
// its rows of the outputs or, if the run of more than one failed, with what a
// run of its own says. If an output has another number of rows than the batch,
// against its declaration, each task is run alone and not padded. Returns when
// all are answered; nothing of the model is used after that.
void RunBatch(const BatchContext& context, std::vector<BatchTask> tasks);

// Runs a task as it came and answers it. No piece of a request.
void RunAlone(const BatchContext& context, BatchTask task);

}  // namespace trilho

#endif  // TRILHO_CPP_SERVER_BATCHING_BATCH_RUN_H_

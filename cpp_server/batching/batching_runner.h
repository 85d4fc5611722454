// Batching on the server: requests of one signature that come at the same time
// share a run.
//
// A request waits in the queue of its signature, its set of outputs and the
// shapes of its inputs beyond their first dimension (their ranks only, with
// pad_variable_length_inputs), and goes with the others there. Whatever is
// wrong with one harms only itself:
// - A request that cannot be batched is run alone, on a batch thread: an input
//   without rows or with another number of them, or of a shape that does not
//   fit the signature's, a signature whose inputs have
//   a fixed first dimension or an unknown rank, an output that is not declared to
//   have a row for each of the batch, a temporary signature (of a MultiInference
//   with several tasks, whose outputs are chosen anew each time).
// - If an output is declared to have them and has not, the requests of its batch
//   are run alone.
// - If the run of a batch fails, its requests are run one by one.
// - Whoever is no longer waited for when his batch is formed is answered
//   DEADLINE_EXCEEDED or CANCELLED and takes no room in it.

#ifndef TRILHO_CPP_SERVER_BATCHING_BATCHING_RUNNER_H_
#define TRILHO_CPP_SERVER_BATCHING_BATCHING_RUNNER_H_

#include <memory>

#include "cpp_server/batching/batch_observer.h"
#include "cpp_server/batching/batch_scheduler.h"
#include "cpp_server/batching/batching_parameters.h"
#include "cpp_server/tensorflow/runner.h"

namespace trilho {

// Runs batches by `direct` on `threads`, which other models share; a thread is
// taken until `direct` answers. `parameters` must be valid; their
// num_batch_threads is not looked at. `observer` may be null.
//
// Besides what `direct` answers: INVALID_ARGUMENT for a request that is too
// large for a batch, RESOURCE_EXHAUSTED, at once, if its queue is full. (TF
// Serving says UNAVAILABLE, on which clients try again at once.)
std::unique_ptr<Runner> NewBatchingRunner(std::unique_ptr<Runner> direct, const BatchingParameters& parameters,
                                          std::shared_ptr<BatchThreads> threads,
                                          std::shared_ptr<BatchObserver> observer = nullptr);

}  // namespace trilho

#endif  // TRILHO_CPP_SERVER_BATCHING_BATCHING_RUNNER_H_

// How requests are batched: TF Serving's BatchingParameters, checked.

#ifndef TRILHO_CPP_SERVER_BATCHING_BATCHING_PARAMETERS_H_
#define TRILHO_CPP_SERVER_BATCHING_BATCHING_PARAMETERS_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace tensorflow {
namespace serving {
class BatchingParameters;
}  // namespace serving
}  // namespace tensorflow

namespace trilho {

// Hardware threads, at least one.
int64_t NumCpus();

// With TF Serving's defaults. A size is a number of rows: the first dimension
// of a request's inputs.
struct BatchingParameters {
  // The largest request and, without splitting, the largest batch.
  int64_t max_batch_size = 1000;
  // How long the first request of a batch waits for others while a thread is
  // free. With 0 what has come while no thread was free goes together.
  int64_t batch_timeout_micros = 0;
  // How many full batches may wait for a thread in each queue, counted in rows.
  int64_t max_enqueued_batches = 10;
  // Of the BatchThreads that all models share.
  int64_t num_batch_threads = NumCpus();
  // What batches are padded to, ascending; empty: none is padded.
  std::vector<int64_t> allowed_batch_sizes;
  // Requests whose shapes differ beyond the first dimension, but not in rank,
  // are padded to share a batch; otherwise they form separate batches.
  bool pad_variable_length_inputs = false;
  // Requests larger than a batch are split over several.
  bool enable_large_batch_splitting = false;
  // The largest batch where splitting is on; 0: max_batch_size.
  int64_t max_execution_batch_size = 0;

  // The largest batch that is run.
  int64_t LargestBatch() const;
  // The largest request that is taken: max_batch_size. But with splitting into
  // batches of that very size, where TF Serving refuses whatever would need to
  // be split, it is what fits into a queue.
  int64_t LargestTask() const;
  // The size that a batch of `rows` <= LargestBatch() is padded to.
  int64_t PaddedSize(int64_t rows) const;
  // How many rows may wait in one queue; a request that can only run alone
  // counts as one.
  int64_t QueueCapacity() const;

  // INVALID_ARGUMENT naming the field and what it may be.
  absl::Status Validate() const;
};

// What is not set has its default. INVALID_ARGUMENT as Validate.
absl::StatusOr<BatchingParameters> FromProto(const tensorflow::serving::BatchingParameters& proto);

// A text proto tensorflow.serving.BatchingParameters; `what` names the file in
// messages, e.g. the flag. NOT_FOUND if it cannot be read; INVALID_ARGUMENT,
// with line and column, if it does not parse, and for what Validate refuses.
absl::StatusOr<BatchingParameters> ReadBatchingParametersFile(absl::string_view what, const std::string& path);

}  // namespace trilho

#endif  // TRILHO_CPP_SERVER_BATCHING_BATCHING_PARAMETERS_H_

// Where metrics learn of batches.

#ifndef TRILHO_CPP_SERVER_BATCHING_BATCH_OBSERVER_H_
#define TRILHO_CPP_SERVER_BATCHING_BATCH_OBSERVER_H_

#include <cstdint>
#include <vector>

#include "absl/strings/string_view.h"

namespace trilho {

struct BatchEvent {
  absl::string_view signature;
  // Requests, or pieces of requests that were split.
  int64_t tasks = 0;
  // Rows: the sum of the requests', and with those that pad the batch. Of a
  // request that cannot be batched both are 1.
  int64_t input_size = 0;
  int64_t padded_size = 0;
  // From submission until the batch was formed, for each task. Empty for a task
  // that is run again alone, whose wait has been told with its batch.
  std::vector<int64_t> queued_micros;
  int64_t run_micros = 0;
  // The request cannot be batched.
  bool alone = false;
  bool ok = true;
};

// One for each model that is batched. Thread-safe.
class BatchObserver {
 public:
  virtual ~BatchObserver() = default;

  // After every run of the model and before its requests are answered, on a
  // batch thread. What `event` refers to lasts as long as the call.
  virtual void OnBatch(const BatchEvent& event) = 0;
};

}  // namespace trilho

#endif  // TRILHO_CPP_SERVER_BATCHING_BATCH_OBSERVER_H_

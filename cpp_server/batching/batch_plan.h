// Which requests of a signature can share a run.

#ifndef TRILHO_CPP_SERVER_BATCHING_BATCH_PLAN_H_
#define TRILHO_CPP_SERVER_BATCHING_BATCH_PLAN_H_

#include <atomic>
#include <cstdint>
#include <string>
#include <vector>

#include "absl/types/optional.h"
#include "cpp_server/tensorflow/runner.h"
#include "cpp_server/tensorflow/signature.h"

namespace trilho {

// Why no request of the signature can be batched, e.g. "the first dimension of
// input \"x\" is fixed, [1,8]"; empty if some can.
std::string WhyAlone(const Signature& signature);

// Why no request that asks for this output can be; empty if the signature does
// not tell.
std::string WhyAloneWith(const TensorInfo& output);

// What is known of a signature, and learnt from its runs. Thread-safe.
class BatchPlan {
 public:
  // Of a signature none of whose requests can be batched.
  BatchPlan() : alone_(true) {}
  // `signature` is not used later.
  explicit BatchPlan(const Signature& signature);
  BatchPlan(const BatchPlan&) = delete;
  BatchPlan& operator=(const BatchPlan&) = delete;

  // The rows of a request that can be batched: every input has them and a shape
  // that fits the signature's, no output is known to have another number of
  // them, or is asked for twice.
  absl::optional<int64_t> RowsOf(const RunRequest& request) const;

  // Another number of rows came out than went in.
  void SetOutputAlone(int output) { output_alone_[static_cast<size_t>(output)].store(true, std::memory_order_relaxed); }

 private:
  const bool alone_;
  std::vector<std::atomic<bool>> output_alone_;
};

}  // namespace trilho

#endif  // TRILHO_CPP_SERVER_BATCHING_BATCH_PLAN_H_

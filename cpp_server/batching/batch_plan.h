// Which requests of a signature can share a run.

#ifndef TRILHO_CPP_SERVER_BATCHING_BATCH_PLAN_H_
#define TRILHO_CPP_SERVER_BATCHING_BATCH_PLAN_H_

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

// Why no request that asks for this output can be; empty if it is declared to
// have rows.
std::string WhyAloneWith(const TensorInfo& output);

// Knows the declarations of a signature, and nothing that its runs show: how a
// request is answered must not depend on those before it.
class BatchPlan {
 public:
  // Of a signature none of whose requests can be batched.
  BatchPlan() : alone_(true) {}
  // `signature` is not used later.
  explicit BatchPlan(const Signature& signature);

  // The rows of a request that can be batched: every input has them and a shape
  // that fits the signature's, every output is declared to have them, and none is
  // asked for twice.
  absl::optional<int64_t> RowsOf(const RunRequest& request) const;

 private:
  const bool alone_;
  std::vector<bool> output_alone_;
};

}  // namespace trilho

#endif  // TRILHO_CPP_SERVER_BATCHING_BATCH_PLAN_H_

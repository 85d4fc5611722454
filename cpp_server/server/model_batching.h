// Which models are batched, and how.

#ifndef TRILHO_CPP_SERVER_SERVER_MODEL_BATCHING_H_
#define TRILHO_CPP_SERVER_SERVER_MODEL_BATCHING_H_

#include <functional>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "cpp_server/batching/batch_scheduler.h"
#include "cpp_server/batching/batching_parameters.h"
#include "cpp_server/core/servable.h"
#include "cpp_server/metrics/serving_metrics.h"
#include "cpp_server/tensorflow/saved_model.h"

namespace trilho {

// In a version's folder, with per-model parameters.
constexpr char kBatchingParametersFile[] = "batching_params.pbtxt";

// Sets a batching Runner for versions that are loaded. Thread-safe.
class ModelBatching {
 public:
  struct Options {
    // Without it every request is run alone.
    bool enabled = false;
    // Of all models; their num_batch_threads are shared by all in any case.
    BatchingParameters parameters;
    // Each version has its own parameters, from kBatchingParametersFile; one
    // without that file is not batched.
    bool per_model = false;
    // Says of every version what will be batched.
    bool explain = false;
  };
  // A line for people.
  using Explain = std::function<void(const std::string&)>;

  // `metrics`, which may be null, learn of every batch and must outlive the
  // models.
  ModelBatching(Options options, ServingMetrics* metrics);

  // OK, or why batches have no threads.
  absl::Status status() const { return threads_ == nullptr ? absl::OkStatus() : threads_->status(); }

  // To be called once `model`, loaded from `directory`, is warmed up and before
  // it is served. INVALID_ARGUMENT for a file of parameters that cannot be.
  absl::Status Install(const ServableId& id, const std::string& directory, SavedModel* model,
                       const Explain& explain) const;

 private:
  const Options options_;
  ServingMetrics* const metrics_;
  // Null if nothing is batched. Models keep it, too.
  const std::shared_ptr<BatchThreads> threads_;
};

}  // namespace trilho

#endif  // TRILHO_CPP_SERVER_SERVER_MODEL_BATCHING_H_

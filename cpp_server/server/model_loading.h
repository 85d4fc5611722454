// How a version gets into memory: Load and Warm up.

#ifndef TRILHO_CPP_SERVER_SERVER_MODEL_LOADING_H_
#define TRILHO_CPP_SERVER_SERVER_MODEL_LOADING_H_

#include "cpp_server/core/manager_options.h"
#include "cpp_server/metrics/serving_metrics.h"
#include "cpp_server/server/model_batching.h"
#include "cpp_server/server/model_server.h"

namespace trilho {

// Returns what a Manager needs to load SavedModels as `options` say: checked against `contracts`, batched by
// `batching`, warmed up by recorded requests, which `metrics` counts, and with zeros, and with each change of state in
// the log. The pointers outlive the Manager.
ManagerOptions ManagerOptionsOf(const ModelServer::Options& options, const Contracts* contracts,
                                const ModelBatching* batching, ServingMetrics* metrics);

}  // namespace trilho

#endif  // TRILHO_CPP_SERVER_SERVER_MODEL_LOADING_H_

// Everybody who is told of inferences.

#ifndef TRILHO_CPP_SERVER_SERVER_OBSERVABILITY_H_
#define TRILHO_CPP_SERVER_SERVER_OBSERVABILITY_H_

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/optional.h"
#include "cpp_server/access_log/access_log.h"
#include "cpp_server/config/model_config.h"
#include "cpp_server/metrics/model_statistics.h"
#include "cpp_server/metrics/serving_metrics.h"
#include "cpp_server/request_log/request_log.h"
#include "cpp_server/services/inference_method.h"

namespace trilho {

// Metrics always, the logs where they are asked for. Thread-safe.
class Observability final : public RequestLogger {
 public:
  struct Options {
    absl::optional<AccessLog::Options> access_log;
    RequestLogOptions request_log;
    // See ServingMetrics.
    ServingMetrics::ModelStates model_states;
    ServingMetrics::WaitingCalls waiting_calls;
  };

  // The error of a log that cannot be opened.
  static absl::StatusOr<std::unique_ptr<Observability>> Create(Options options);

  // Returns the hooks of all services, which live as long as this object.
  const InferenceHooks* hooks() const { return &hooks_; }
  // Has calls wait there. To be called before calls come.
  void SetFirstLoads(FirstLoads* first_loads) { hooks_.first_loads = first_loads; }
  ServingMetrics* metrics() { return metrics_.get(); }
  const ModelStatistics& statistics() const { return statistics_; }

  // The logging_config of those that have one, by name.
  static std::map<std::string, tensorflow::serving::LoggingConfig> Logged(const std::vector<ModelSettings>& models);

  // Logs the requests of the models that want it from now on. INVALID_ARGUMENT,
  // naming model and field, for settings that cannot be; then nothing changes.
  absl::Status Configure(const std::vector<ModelSettings>& models);

  // After a log rotator has renamed the access log.
  void ReopenLogs();

  // For the request log.
  bool Samples(absl::string_view model) const override { return request_log_->Sample(model); }
  void Log(PredictionLogField kind, absl::string_view model, absl::string_view request,
           absl::string_view response) const override;

  // Returns when what was logged before is in its file, or lost. Waits for the disk.
  void FlushLogs();

 private:
  Observability() = default;

  void AddLogMetrics();

  std::unique_ptr<ServingMetrics> metrics_;
  ModelStatistics statistics_;
  std::unique_ptr<AccessLog> access_log_;
  std::unique_ptr<RequestLog> request_log_;
  InferenceHooks hooks_;
};

}  // namespace trilho

#endif  // TRILHO_CPP_SERVER_SERVER_OBSERVABILITY_H_

#include "cpp_server/server/observability.h"

#include <utility>

#include "cpp_server/config/version.h"
#include "tensorflow/c/c_api.h"

namespace trilho {

absl::StatusOr<std::unique_ptr<Observability>> Observability::Create(Options options) {
  std::unique_ptr<Observability> created(new Observability());
  Observability* const self = created.get();
  ServingMetrics::Options metrics;
  metrics.version = kVersion;
  metrics.tensorflow_version = TF_Version();
  metrics.model_states = std::move(options.model_states);
  metrics.waiting_calls = std::move(options.waiting_calls);
  self->metrics_ = std::make_unique<ServingMetrics>(std::move(metrics));
  self->hooks_.observers = {self->metrics_.get(), &self->statistics_};
  if (options.access_log) {
    auto log = AccessLog::Open(*options.access_log);
    if (!log.ok()) return log.status();
    self->access_log_ = *std::move(log);
    self->hooks_.observers.push_back(self->access_log_.get());
    self->hooks_.records_peer = true;
  }
  auto log = RequestLog::Create(options.request_log);
  if (!log.ok()) return log.status();
  self->request_log_ = *std::move(log);
  self->hooks_.logger = self;
  self->AddLogMetrics();
  return created;
}

void Observability::AddLogMetrics() {
  const auto add = [this](const char* name, const char* help, std::function<double()> value) {
    metrics_->registry()->AddCallback({name, help, {}}, MetricType::kCounter, [value = std::move(value)] {
      return std::vector<MetricSample>{{{}, value()}};
    });
  };
  add("trilho_request_log_records_total", "Records in files of the request log.",
      [this] { return static_cast<double>(request_log_->stats().logged); });
  add("trilho_request_log_dropped_total",
      "Sampled requests that are in no file: the queue was full, or the disk failed.",
      [this] { return static_cast<double>(request_log_->stats().dropped); });
  if (access_log_ == nullptr) return;
  add("trilho_access_log_dropped_total", "Lines that the access log has lost.",
      [this] { return static_cast<double>(access_log_->dropped()); });
}

void Observability::FlushLogs() {
  request_log_->Flush();
  if (access_log_ != nullptr) access_log_->Flush();
}

std::map<std::string, tensorflow::serving::LoggingConfig> Observability::Logged(
    const std::vector<ModelSettings>& models) {
  std::map<std::string, tensorflow::serving::LoggingConfig> logged;
  for (const ModelSettings& model : models) {
    if (model.has_logging) logged[model.location.name] = model.logging;
  }
  return logged;
}

absl::Status Observability::Configure(const std::vector<ModelSettings>& models) {
  return request_log_->Configure(Logged(models));
}

void Observability::ReopenLogs() {
  if (access_log_ != nullptr) access_log_->Reopen();
}

void Observability::Log(PredictionLogField kind, absl::string_view model, absl::string_view request,
                        absl::string_view response) const {
  metrics_->OnLogged(model, request_log_->Log(kind, model, request, response).code());
}

}  // namespace trilho

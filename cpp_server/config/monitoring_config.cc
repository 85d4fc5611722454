#include "cpp_server/config/monitoring_config.h"

#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "cpp_server/config/text_proto.h"

namespace trilho {

absl::StatusOr<tensorflow::serving::MonitoringConfig> ReadMonitoringConfigFile(const std::string& path) {
  tensorflow::serving::MonitoringConfig config;
  const absl::Status read = ReadTextProtoFile("--monitoring_config_file", path, &config);
  if (!read.ok()) return read;
  const std::string metrics = PrometheusPathOf(config);
  if (!metrics.empty() && !absl::StartsWith(metrics, "/")) {
    return absl::InvalidArgumentError(absl::StrCat("--monitoring_config_file: prometheus_config.path is \"", metrics,
                                                   "\"; it must begin with \"/\""));
  }
  return config;
}

std::string PrometheusPathOf(const tensorflow::serving::MonitoringConfig& config) {
  if (!config.prometheus_config().enable()) return "";
  const std::string& path = config.prometheus_config().path();
  return path.empty() ? "/monitoring/prometheus/metrics" : path;
}

}  // namespace trilho

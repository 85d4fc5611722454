// --monitoring_config_file.

#ifndef TRILHO_CPP_SERVER_CONFIG_MONITORING_CONFIG_H_
#define TRILHO_CPP_SERVER_CONFIG_MONITORING_CONFIG_H_

#include <string>

#include "absl/status/statusor.h"
#include "tensorflow_serving/config/monitoring_config.pb.h"

namespace trilho {

// A text proto tensorflow.serving.MonitoringConfig. NOT_FOUND if the file cannot
// be read; INVALID_ARGUMENT if it does not parse, or for a path of metrics that
// does not begin with "/".
absl::StatusOr<tensorflow::serving::MonitoringConfig> ReadMonitoringConfigFile(const std::string& path);

// Where metrics are asked for, TF Serving's own path if `config` names none;
// empty if it does not enable them.
std::string PrometheusPathOf(const tensorflow::serving::MonitoringConfig& config);

}  // namespace trilho

#endif  // TRILHO_CPP_SERVER_CONFIG_MONITORING_CONFIG_H_

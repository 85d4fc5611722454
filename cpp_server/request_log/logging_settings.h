// tensorflow.serving.LoggingConfig, checked.

#ifndef TRILHO_CPP_SERVER_REQUEST_LOG_LOGGING_SETTINGS_H_
#define TRILHO_CPP_SERVER_REQUEST_LOG_LOGGING_SETTINGS_H_

#include <map>
#include <string>

#include "absl/status/statusor.h"
#include "tensorflow_serving/config/logging_config.pb.h"

namespace trilho {

struct LoggingSettings {
  // An absolute path. Empty if the rate is 0 and none was given.
  std::string filename_prefix;
  double sampling_rate = 0;
  // tensorflow.serving.SamplingConfig, serialized.
  std::string sampling_config;
};

// By model. INVALID_ARGUMENT, naming model and field, for what cannot be: a log collector of any type but "", a rate
// out of 0 to 1, a prefix that is not an absolute path in a folder that can be written, or that two models share (a log
// of two models would warm neither up), and the fields that are not supported.
absl::StatusOr<std::map<std::string, LoggingSettings>> LoggingSettingsOf(
    const std::map<std::string, tensorflow::serving::LoggingConfig>& models);

}  // namespace trilho

#endif  // TRILHO_CPP_SERVER_REQUEST_LOG_LOGGING_SETTINGS_H_

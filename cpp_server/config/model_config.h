// Which models are served, and where their versions are.

#ifndef TRILHO_CPP_SERVER_CONFIG_MODEL_CONFIG_H_
#define TRILHO_CPP_SERVER_CONFIG_MODEL_CONFIG_H_

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "cpp_server/lifecycle/model_location.h"
#include "tensorflow_serving/config/model_server_config.pb.h"

namespace trilho {

// A tensorflow.serving.ModelConfig that has been checked.
struct ModelSettings {
  ModelLocation location;
  // What the labels stand for.
  std::map<std::string, int64_t> labels;
  tensorflow::serving::LoggingConfig logging;
  bool has_logging = false;
};

// A configuration of one model. INVALID_ARGUMENT, with TF Serving's message, if
// the path is empty or relative.
absl::StatusOr<tensorflow::serving::ModelServerConfig> SingleModel(const std::string& name,
                                                                   const std::string& base_path);

// A text proto tensorflow.serving.ModelServerConfig. NOT_FOUND if the file
// cannot be read; INVALID_ARGUMENT for what does not parse or ModelSettingsOf
// refuses.
absl::StatusOr<tensorflow::serving::ModelServerConfig> ReadModelConfigFile(const std::string& path);

// The models of a configuration, in its order; none is a valid number of them.
// INVALID_ARGUMENT, with TF Serving's message, for a model listed twice, a
// relative path, another platform than "tensorflow", which is also that of a model
// that names none, or a log prefix in the folder of a model, links followed. A base
// path is a local folder, "/..." or "file:///...".
absl::StatusOr<std::vector<ModelSettings>> ModelSettingsOf(const tensorflow::serving::ModelServerConfig& config);

// INVALID_ARGUMENT if `config` has no model_config_list, and so says nothing of
// models: a file that was emptied, or is nothing but comments. To be asked before
// a configuration takes the place of another one.
absl::Status CheckSaysSomething(const tensorflow::serving::ModelServerConfig& config);

// Everything that ModelSettingsOf refuses `config` for, and not only the first
// of it; empty if nothing.
std::vector<std::string> ModelConfigProblems(const tensorflow::serving::ModelServerConfig& config);

// INVALID_ARGUMENT, with TF Serving's message, if a model of both has changed
// its platform.
absl::Status CheckPlatformsUnchanged(const tensorflow::serving::ModelServerConfig& before,
                                     const tensorflow::serving::ModelServerConfig& after);

}  // namespace trilho

#endif  // TRILHO_CPP_SERVER_CONFIG_MODEL_CONFIG_H_

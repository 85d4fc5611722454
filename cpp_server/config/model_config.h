// Which models are served, and where their versions are.

#ifndef TRILHO_CPP_SERVER_CONFIG_MODEL_CONFIG_H_
#define TRILHO_CPP_SERVER_CONFIG_MODEL_CONFIG_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "cpp_server/sources/disk/disk_source.h"

namespace trilho {

// One model. INVALID_ARGUMENT, with TF Serving's message, if the path is empty
// or relative.
absl::StatusOr<std::vector<ModelLocation>> SingleModel(const std::string& name, const std::string& base_path);

// The models of a text proto tensorflow.serving.ModelServerConfig. NOT_FOUND if
// the file cannot be read; INVALID_ARGUMENT, with TF Serving's message, for a
// file that does not parse, a model listed twice, a relative path or another
// platform than "tensorflow".
absl::StatusOr<std::vector<ModelLocation>> ReadModelConfigFile(const std::string& path);

}  // namespace trilho

#endif  // TRILHO_CPP_SERVER_CONFIG_MODEL_CONFIG_H_

// --check_config.

#ifndef TRILHO_CPP_SERVER_CONFIG_CHECK_CONFIG_H_
#define TRILHO_CPP_SERVER_CONFIG_CHECK_CONFIG_H_

#include <functional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "tensorflow_serving/config/model_server_config.pb.h"

namespace trilho {

// What only another part of the server can tell of models that are well-formed.
using ModelConfigCheck = std::function<absl::Status(const tensorflow::serving::ModelServerConfig&)>;

// Checks the flags and every file that they name, and `more` if models are
// configured well. OK, or INVALID_ARGUMENT with everything that is wrong, a line
// each. Changes nothing and loads nothing. `warnings`, if not null, gets a line
// for each thing that a server starts with and that may be meant so: a contract
// of a model that is not configured, versions that are not there, which both may
// come while the server runs, or a certificate that expires. After ParseFlags.
absl::Status CheckConfig(const std::vector<ModelConfigCheck>& more = {}, std::vector<std::string>* warnings = nullptr);

}  // namespace trilho

#endif  // TRILHO_CPP_SERVER_CONFIG_CHECK_CONFIG_H_

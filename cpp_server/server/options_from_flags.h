// What the command line makes of a server.

#ifndef TRILHO_CPP_SERVER_SERVER_OPTIONS_FROM_FLAGS_H_
#define TRILHO_CPP_SERVER_SERVER_OPTIONS_FROM_FLAGS_H_

#include <vector>

#include "absl/status/statusor.h"
#include "cpp_server/config/check_config.h"
#include "cpp_server/server/model_server.h"

namespace trilho {

// After ParseFlags. Reads the files that flags name, but for those that the
// server itself goes on reading. INVALID_ARGUMENT or NOT_FOUND, naming the flag,
// for what cannot be.
absl::StatusOr<ModelServer::Options> OptionsFromFlags();

// What --check_config looks at besides what //cpp_server/config knows: the
// logging_config of every model.
std::vector<ModelConfigCheck> ModelConfigChecks();

}  // namespace trilho

#endif  // TRILHO_CPP_SERVER_SERVER_OPTIONS_FROM_FLAGS_H_

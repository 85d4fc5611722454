// Whether what a configuration says of models is on the disk.

#ifndef TRILHO_CPP_SERVER_CONFIG_MODEL_FOLDERS_H_
#define TRILHO_CPP_SERVER_CONFIG_MODEL_FOLDERS_H_

#include <string>
#include <vector>

#include "cpp_server/config/model_config.h"

namespace trilho {

// Returns a sentence for each base path that cannot be listed or has no versions, each version of a specific policy
// that is not there, and each label whose version is not there or is not served by the policy. A server starts all the
// same, as any of it may come later.
std::vector<std::string> ModelFolderWarnings(const std::vector<ModelSettings>& models);

}  // namespace trilho

#endif  // TRILHO_CPP_SERVER_CONFIG_MODEL_FOLDERS_H_

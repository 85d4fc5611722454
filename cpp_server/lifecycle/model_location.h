// Where the versions of a model are, and which of them are asked for.

#ifndef TRILHO_CPP_SERVER_LIFECYCLE_MODEL_LOCATION_H_
#define TRILHO_CPP_SERVER_LIFECYCLE_MODEL_LOCATION_H_

#include <functional>
#include <string>

#include "absl/status/statusor.h"
#include "cpp_server/lifecycle/version_policy.h"

namespace trilho {

// A model whose versions are BASE_PATH/VERSION/ in the store that `base_path` names, see OpenStore.
struct ModelLocation {
  std::string name;
  std::string base_path;
  ServableVersionPolicy policy;
  // Says at each look which path `base_path` is, or why it may not be looked at; `base_path` itself if this is empty.
  // Called on the model's own thread, and may block.
  std::function<absl::StatusOr<std::string>(const std::string& base_path)> resolve = {};
};

}  // namespace trilho

#endif  // TRILHO_CPP_SERVER_LIFECYCLE_MODEL_LOCATION_H_

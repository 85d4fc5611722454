// Where callers who change the configuration may point the server.

#ifndef TRILHO_CPP_SERVER_CONFIG_MODEL_ROOTS_H_
#define TRILHO_CPP_SERVER_CONFIG_MODEL_ROOTS_H_

#include <filesystem>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "tensorflow_serving/config/model_server_config.pb.h"

namespace trilho {

// The folders of --model_roots. Thread-safe; constant.
class ModelRoots {
 public:
  // Everywhere.
  ModelRoots() = default;

  // `flag` has absolute folders with commas between them; everywhere if it is empty. INVALID_ARGUMENT, naming the flag,
  // for what is no folder.
  static absl::StatusOr<ModelRoots> Parse(absl::string_view flag);

  bool are_everywhere() const { return roots_.empty(); }

  // Whether a caller may make `wanted` of the configuration `before`: every base path and every logging prefix must lie
  // below one of the roots, links followed as they are now, and have no part ".."; but for those of a model that has
  // them already. PERMISSION_DENIED, naming the model and the path.
  absl::Status Check(const tensorflow::serving::ModelServerConfig& before,
                     const tensorflow::serving::ModelServerConfig& wanted) const;

 private:
  // Whether `folder`, which `path` leads to, is below one of them.
  absl::Status CheckPath(absl::string_view what, absl::string_view path, const std::filesystem::path& folder) const;

  // Without links.
  std::vector<std::string> roots_;
};

}  // namespace trilho

#endif  // TRILHO_CPP_SERVER_CONFIG_MODEL_ROOTS_H_

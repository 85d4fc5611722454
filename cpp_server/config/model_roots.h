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

// Whether `path` is `root` or lies below it, by their parts: links are not looked at.
bool LiesBelow(const std::filesystem::path& path, const std::filesystem::path& root);

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

  // Returns where the base path of a model leads now, without links. PERMISSION_DENIED, naming both, if that is not
  // below one of the roots: what a caller was allowed may have become a link since.
  absl::StatusOr<std::string> Resolve(absl::string_view model, const std::string& base_path) const;

 private:
  // Returns where `folder`, which `path` leads to, is, if that is below one of them.
  absl::StatusOr<std::string> CheckPath(absl::string_view what, absl::string_view path,
                                        const std::filesystem::path& folder) const;

  // Without links.
  std::vector<std::string> roots_;
};

}  // namespace trilho

#endif  // TRILHO_CPP_SERVER_CONFIG_MODEL_ROOTS_H_

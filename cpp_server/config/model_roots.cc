#include "cpp_server/config/model_roots.h"

#include <algorithm>
#include <filesystem>
#include <iterator>
#include <map>
#include <system_error>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"

namespace trilho {
namespace {

namespace fs = std::filesystem;
using tensorflow::serving::ModelConfig;
using tensorflow::serving::ModelServerConfig;

const std::string& PrefixOf(const ModelConfig& model) {
  return model.logging_config().log_collector_config().filename_prefix();
}

}  // namespace

bool LiesBelow(const fs::path& path, const fs::path& root) {
  return std::mismatch(root.begin(), root.end(), path.begin(), path.end()).first == root.end();
}

absl::StatusOr<ModelRoots> ModelRoots::Parse(absl::string_view flag) {
  ModelRoots roots;
  for (absl::string_view part : absl::StrSplit(flag, ',', absl::SkipEmpty())) {
    const fs::path folder{std::string(part)};
    std::error_code error;
    const fs::path resolved = fs::canonical(folder, error);
    if (!folder.is_absolute() || error || !fs::is_directory(resolved, error)) {
      return absl::InvalidArgumentError(absl::StrCat("--model_roots: ", part, " is no absolute path of a folder"));
    }
    roots.roots_.push_back(resolved.string());
  }
  return roots;
}

absl::Status ModelRoots::Check(const ModelServerConfig& before, const ModelServerConfig& wanted) const {
  if (are_everywhere()) return absl::OkStatus();
  std::map<std::string, const ModelConfig*> known;
  for (const ModelConfig& model : before.model_config_list().config()) known[model.name()] = &model;
  for (const ModelConfig& model : wanted.model_config_list().config()) {
    const auto it = known.find(model.name());
    const ModelConfig* const same = it == known.end() ? nullptr : it->second;
    if (same == nullptr || same->base_path() != model.base_path()) {
      absl::string_view path = model.base_path();
      absl::ConsumePrefix(&path, "file://");
      const auto allowed = Resolve(model.name(), std::string(path));
      if (!allowed.ok()) return allowed.status();
    }
    if (PrefixOf(model).empty() || (same != nullptr && PrefixOf(*same) == PrefixOf(model))) continue;
    // Files are written beside the prefix, whatever is there under its own name.
    const fs::path prefix(PrefixOf(model));
    const auto allowed =
        CheckPath(absl::StrCat("model ", model.name(), ": logging_config.log_collector_config.filename_prefix"),
                  prefix.string(), prefix.parent_path());
    if (!allowed.ok()) return allowed.status();
  }
  return absl::OkStatus();
}

absl::StatusOr<std::string> ModelRoots::Resolve(absl::string_view model, const std::string& base_path) const {
  if (are_everywhere()) return base_path;
  return CheckPath(absl::StrCat("model ", model, ": base_path"), base_path, base_path);
}

absl::StatusOr<std::string> ModelRoots::CheckPath(absl::string_view what, absl::string_view path,
                                                  const fs::path& folder) const {
  const bool climbs = std::find(folder.begin(), folder.end(), fs::path("..")) != folder.end();
  std::error_code error;
  // What is not there yet has no links.
  const fs::path resolved = fs::weakly_canonical(folder, error);
  if (folder.is_absolute() && !climbs && !error &&
      std::any_of(roots_.begin(), roots_.end(), [&](const std::string& root) { return LiesBelow(resolved, root); })) {
    return resolved.string();
  }
  return absl::PermissionDeniedError(
      absl::StrCat(what, " is ", path, ", which is not below --model_roots=", absl::StrJoin(roots_, ","),
                   resolved == folder ? "" : absl::StrCat(": it leads to ", resolved.string())));
}

}  // namespace trilho

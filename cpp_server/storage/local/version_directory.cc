#include "cpp_server/storage/local/version_directory.h"

#include <algorithm>
#include <filesystem>
#include <map>
#include <system_error>

#include "absl/strings/str_cat.h"
#include "absl/types/optional.h"
#include "cpp_server/storage/version_name.h"

namespace trilho {
namespace {

namespace fs = std::filesystem;

absl::Status ListError(const std::string& path, const std::error_code& error) {
  const std::string message = absl::StrCat("Cannot list ", path, ": ", error.message());
  const bool missing = error == std::errc::no_such_file_or_directory || error == std::errc::not_a_directory;
  return missing ? absl::NotFoundError(message) : absl::UnavailableError(message);
}

}  // namespace

absl::StatusOr<std::vector<StoredVersion>> ListVersions(const std::string& base_path) {
  std::error_code error;
  std::map<int64_t, std::string> names;
  for (fs::directory_iterator it(base_path, error), end; !error && it != end; it.increment(error)) {
    const std::string name = it->path().filename().string();
    const absl::optional<int64_t> version = ParseVersion(name);
    if (!version) continue;
    // Gone since it was listed, or not a folder: no version either way.
    std::error_code ignored;
    if (!it->is_directory(ignored)) continue;
    std::string& chosen = names[*version];
    chosen = std::max(chosen, name);
  }
  if (error) return ListError(base_path, error);
  if (names.empty() && fs::exists(fs::path(base_path) / "saved_model.pb", error)) {
    return absl::NotFoundError(absl::StrCat(base_path,
                                            " holds a saved_model.pb, so it is a version itself: give the folder "
                                            "around it as base path, and number this one, e.g. ",
                                            (fs::path(base_path) / "1").string()));
  }
  std::vector<StoredVersion> versions;
  versions.reserve(names.size());
  for (const auto& [version, name] : names) {
    versions.push_back(StoredVersion{version, (fs::path(base_path) / name).string()});
  }
  return versions;
}

}  // namespace trilho

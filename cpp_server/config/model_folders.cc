#include "cpp_server/config/model_folders.h"

#include <cstdint>
#include <set>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "cpp_server/lifecycle/version_choice.h"
#include "cpp_server/storage/stores.h"

namespace trilho {
namespace {

// More would fill the screen.
constexpr size_t kMostNamed = 10;

// Returns the highest versions, highest first.
std::string Named(const std::set<int64_t>& versions) {
  std::vector<int64_t> highest(versions.rbegin(), versions.rend());
  const size_t more = highest.size() > kMostNamed ? highest.size() - kMostNamed : 0;
  highest.resize(highest.size() - more);
  return absl::StrCat(absl::StrJoin(highest, ", "), more == 0 ? "" : absl::StrCat(" and ", more, " more"));
}

void WarnOf(const ModelSettings& model, std::vector<std::string>* warnings) {
  const ModelLocation& location = model.location;
  const auto warn = [&](const std::string& what) {
    warnings->push_back(absl::StrCat("model ", location.name, ": ", what));
  };
  const auto store = OpenStore(location.base_path);
  if (!store.ok()) return warn(std::string(store.status().message()));
  const auto listed = (*store)->List(location.base_path);
  if (!listed.ok()) return warn(std::string(listed.status().message()));
  std::set<int64_t> present;
  for (const StoredVersion& stored : *listed) present.insert(stored.version);
  if (present.empty()) {
    return warn(absl::StrCat("there is no version below ", location.base_path, ", no folder 1, 2, ..."));
  }
  const bool is_specific = location.policy.kind() == ServableVersionPolicy::Kind::kSpecific;
  if (is_specific && location.policy.versions().empty()) warn("model_version_policy is specific and names no version");
  if (is_specific) {
    for (const int64_t version : location.policy.versions()) {
      if (present.count(version) > 0) continue;
      warn(absl::StrCat("model_version_policy names version ", version, ", which is not below ", location.base_path,
                        "; there are: ", Named(present)));
    }
  }
  std::set<int64_t> served;
  const auto all_pass = [](const StoredVersion& stored) { return stored.path; };
  for (const ChosenVersion& version : ChooseVersions(location.name, location.policy, *listed, all_pass).aspired) {
    served.insert(version.version);
  }
  for (const auto& [label, version] : model.labels) {
    if (served.count(version) > 0) continue;
    const std::string of = absl::StrCat("label \"", label, "\" stands for version ", version);
    if (present.count(version) == 0) {
      warn(absl::StrCat(of, ", which is not below ", location.base_path, "; there are: ", Named(present)));
    } else {
      warn(absl::StrCat(
          of, ", which model_version_policy does not serve; it serves: ", served.empty() ? "none" : Named(served)));
    }
  }
}

}  // namespace

std::vector<std::string> ModelFolderWarnings(const std::vector<ModelSettings>& models) {
  std::vector<std::string> warnings;
  for (const ModelSettings& model : models) WarnOf(model, &warnings);
  return warnings;
}

}  // namespace trilho

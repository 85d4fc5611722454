#include "cpp_server/sources/disk/model_poller.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "cpp_server/sources/disk/version_directory.h"

namespace trilho {
namespace {

bool IsSame(const AspiredVersions& a, const AspiredVersions& b) {
  return a.failing == b.failing &&
         std::equal(a.aspired.begin(), a.aspired.end(), b.aspired.begin(), b.aspired.end(),
                    [](const AspiredVersion& x, const AspiredVersion& y) {
                      return x.version == y.version && x.path == y.path;
                    }) &&
         std::equal(a.rejected.begin(), a.rejected.end(), b.rejected.begin(), b.rejected.end(),
                    [](const RejectedVersion& x, const RejectedVersion& y) {
                      return x.version == y.version && x.reason == y.reason;
                    });
}

bool Offers(const absl::optional<AspiredVersions>& versions, const VersionDirectory& directory) {
  if (!versions) return false;
  return std::any_of(versions->aspired.begin(), versions->aspired.end(), [&directory](const AspiredVersion& aspired) {
    return aspired.version == directory.version && aspired.path == directory.path;
  });
}

}  // namespace

ModelPoller::ModelPoller(CompletenessChecker::Options completeness, ModelHealthCallback health)
    : stop_(completeness.stop), health_(std::move(health)), checker_(std::move(completeness)) {}

absl::optional<ModelPoller::Sight> ModelPoller::Look(const ModelLocation& location) {
  Sight sight;
  sight.versions.model = location.name;
  const absl::StatusOr<std::vector<VersionDirectory>> present = ListVersions(location.base_path);
  if (!present.ok()) {
    sight.error = present.status();
    return sight;
  }
  std::set<std::string> folders;
  for (const VersionDirectory& directory : *present) folders.insert(directory.path);
  checker_.Retain(folders);

  const ModelHealth health = health_ ? health_(location.name) : ModelHealth();
  substitutes_ = !health.failing.empty() && (substitutes_ || !health.is_available);
  sight.versions = ChooseVersions(
      location.name, location.policy, *present,
      [this](const VersionDirectory& directory) {
        if (Offers(offered_, directory)) return absl::OkStatus();
        if (IsStopped()) return absl::CancelledError("The source ends");
        return checker_.Check(directory.path);
      },
      substitutes_ ? health.failing : std::set<int64_t>());
  if (IsStopped()) return absl::nullopt;  // what was cancelled says nothing about the versions
  sight.versions.failing = health.failing;
  // Of a version that is given up for a newer one, nothing follows.
  substitutes_ = substitutes_ && std::any_of(sight.versions.aspired.begin(), sight.versions.aspired.end(),
                                             [&health](const AspiredVersion& aspired) {
                                               return health.failing.count(aspired.version) > 0;
                                             });
  sight.is_pending = std::any_of(sight.versions.rejected.begin(), sight.versions.rejected.end(),
                                 [](const RejectedVersion& v) { return absl::IsUnavailable(v.reason); });
  return sight;
}

bool ModelPoller::Offer(const AspiredVersions& versions) {
  if (offered_ && IsSame(*offered_, versions)) return false;
  offered_ = versions;
  return true;
}

bool ModelPoller::IsStopped() const { return stop_ != nullptr && *stop_; }

}  // namespace trilho

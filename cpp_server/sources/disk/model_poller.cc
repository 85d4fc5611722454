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

ModelPoller::ModelPoller(CompletenessChecker::Options completeness, ModelHealthCallback health, bool once)
    : stop_(completeness.stop), health_callback_(std::move(health)), once_(once), checker_(std::move(completeness)) {}

absl::optional<ModelPoller::Sight> ModelPoller::Look(const ModelLocation& location) {
  Sight sight;
  sight.versions.model = location.name;
  std::string folder = location.base_path;
  if (location.resolve) {
    absl::StatusOr<std::string> resolved = location.resolve(folder);
    if (!resolved.ok()) {
      sight.error = resolved.status();
      return sight;
    }
    folder = *std::move(resolved);
  }
  absl::StatusOr<std::vector<VersionDirectory>> present = ListVersions(folder);
  if (!present.ok()) {
    sight.error = present.status();
    return sight;
  }
  if (once_) KeepListed(&*present);
  std::set<std::string> folders;
  for (const VersionDirectory& directory : *present) folders.insert(directory.path);
  checker_.BeginLook(folders);

  health_ = health_callback_ ? health_callback_(location.name) : ModelHealth();
  substitutes_ = !health_.failing.empty() && (substitutes_ || !health_.is_available);
  sight.versions = ChooseVersions(
      location.name, location.policy, *present,
      [this](const VersionDirectory& directory) {
        if (Offers(offered_, directory)) return absl::OkStatus();
        if (IsStopped()) return absl::CancelledError("The source ends");
        return checker_.Check(directory.path);
      },
      substitutes_ ? health_.failing : std::set<int64_t>());
  if (IsStopped()) return absl::nullopt;  // what was cancelled says nothing about the versions
  sight.versions.failing = health_.failing;
  // Of a version that is given up for a newer one, nothing follows.
  substitutes_ = substitutes_ && std::any_of(sight.versions.aspired.begin(), sight.versions.aspired.end(),
                                             [this](const AspiredVersion& aspired) {
                                               return health_.failing.count(aspired.version) > 0;
                                             });
  sight.is_pending = std::any_of(sight.versions.rejected.begin(), sight.versions.rejected.end(),
                                 [](const RejectedVersion& v) { return absl::IsUnavailable(v.reason); });
  return sight;
}

bool ModelPoller::HealthHasChanged(const std::string& model) const {
  if (!health_callback_) return false;
  const ModelHealth now = health_callback_(model);
  if (now.failing != health_.failing) return true;
  // Whether any answers matters only while some do not.
  return !now.failing.empty() && now.is_available != health_.is_available;
}

void ModelPoller::KeepListed(std::vector<VersionDirectory>* present) {
  if (!listed_) {
    listed_.emplace();
    for (const VersionDirectory& directory : *present) listed_->insert(directory.version);
  }
  const auto is_new = [this](const VersionDirectory& directory) { return listed_->count(directory.version) == 0; };
  present->erase(std::remove_if(present->begin(), present->end(), is_new), present->end());
}

bool ModelPoller::Offer(const AspiredVersions& versions) {
  if (offered_ && IsSame(*offered_, versions)) return false;
  offered_ = versions;
  return true;
}

bool ModelPoller::IsStopped() const { return stop_ != nullptr && *stop_; }

}  // namespace trilho

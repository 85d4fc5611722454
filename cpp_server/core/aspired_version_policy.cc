#include "cpp_server/core/aspired_version_policy.h"

namespace trilho {
namespace {

absl::optional<VersionAction> LoadHighestNew(const std::vector<VersionSnapshot>& versions) {
  absl::optional<VersionAction> action;
  for (const VersionSnapshot& v : versions) {
    if (v.state != ManagerState::kStart || !v.is_aspired) continue;
    if (!action || v.version > action->version) action = VersionAction{VersionAction::Kind::kLoad, v.version};
  }
  return action;
}

absl::optional<VersionAction> UnloadLowestUnaspired(const std::vector<VersionSnapshot>& versions) {
  absl::optional<VersionAction> action;
  for (const VersionSnapshot& v : versions) {
    if (v.state != ManagerState::kAvailable || v.is_aspired) continue;
    if (!action || v.version < action->version) action = VersionAction{VersionAction::Kind::kUnload, v.version};
  }
  return action;
}

}  // namespace

absl::optional<VersionAction> AvailabilityPreservingPolicy::NextAction(
    const std::vector<VersionSnapshot>& versions) const {
  bool any_aspired = false;
  bool aspired_answers = false;
  int unaspired_that_answer = 0;
  for (const VersionSnapshot& v : versions) {
    const bool answers = v.state == ManagerState::kAvailable;
    any_aspired |= v.is_aspired;
    aspired_answers |= v.is_aspired && answers;
    if (!v.is_aspired && answers) ++unaspired_that_answer;
  }
  // The last version that answers stays while an aspired one is still to come, or has failed.
  if (!any_aspired || aspired_answers || unaspired_that_answer > 1) {
    if (auto action = UnloadLowestUnaspired(versions)) return action;
  }
  return LoadHighestNew(versions);
}

absl::optional<VersionAction> ResourcePreservingPolicy::NextAction(const std::vector<VersionSnapshot>& versions) const {
  if (auto action = UnloadLowestUnaspired(versions)) return action;
  for (const VersionSnapshot& v : versions) {
    if (v.state == ManagerState::kUnloading) return absl::nullopt;  // its memory is not free yet
  }
  return LoadHighestNew(versions);
}

}  // namespace trilho

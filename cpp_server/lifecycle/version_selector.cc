#include "cpp_server/lifecycle/version_selector.h"

#include <algorithm>
#include <utility>

namespace trilho {
namespace {

bool IsSame(const VersionChoice& a, const VersionChoice& b) {
  return a.failing == b.failing &&
         std::equal(a.aspired.begin(), a.aspired.end(), b.aspired.begin(), b.aspired.end(),
                    [](const ChosenVersion& x, const ChosenVersion& y) {
                      return x.version == y.version && x.path == y.path;
                    }) &&
         std::equal(a.rejected.begin(), a.rejected.end(), b.rejected.begin(), b.rejected.end(),
                    [](const RejectedVersion& x, const RejectedVersion& y) {
                      return x.version == y.version && x.reason == y.reason;
                    });
}

}  // namespace

VersionChoice VersionSelector::Select(const ModelLocation& model, std::vector<StoredVersion> present,
                                      const LoadOutcomes& outcomes, const VersionCheck& check) {
  if (once_) KeepListed(&present);
  outcomes_ = outcomes;
  substitutes_ = !outcomes.failing.empty() && (substitutes_ || !outcomes.is_available);
  VersionChoice choice = ChooseVersions(
      model.name, model.policy, present,
      [this, &check](const StoredVersion& stored) -> absl::StatusOr<std::string> {
        const ChosenVersion* const taken = Taken(stored);
        return taken != nullptr ? taken->path : check(stored);
      },
      substitutes_ ? outcomes.failing : std::set<int64_t>());
  choice.failing = outcomes.failing;
  // Nothing follows from a version that is given up for a newer one.
  substitutes_ = substitutes_ &&
                 std::any_of(choice.aspired.begin(), choice.aspired.end(), [&outcomes](const ChosenVersion& aspired) {
                   return outcomes.failing.count(aspired.version) > 0;
                 });
  return choice;
}

bool VersionSelector::IsAffectedBy(const LoadOutcomes& outcomes) const {
  if (outcomes.failing != outcomes_.failing) return true;
  // It matters only while some fail that another one answers.
  return !outcomes.failing.empty() && outcomes.is_available != outcomes_.is_available;
}

bool VersionSelector::Take(const VersionChoice& choice) {
  if (taken_ && IsSame(*taken_, choice)) return false;
  taken_ = choice;
  return true;
}

void VersionSelector::KeepListed(std::vector<StoredVersion>* present) {
  if (!listed_) {
    listed_.emplace();
    for (const StoredVersion& stored : *present) listed_->insert(stored.version);
  }
  const auto is_new = [this](const StoredVersion& stored) { return listed_->count(stored.version) == 0; };
  present->erase(std::remove_if(present->begin(), present->end(), is_new), present->end());
}

const ChosenVersion* VersionSelector::Taken(const StoredVersion& stored) const {
  if (!taken_) return nullptr;
  const auto found = std::find_if(taken_->aspired.begin(), taken_->aspired.end(), [&stored](const ChosenVersion& v) {
    return v.version == stored.version && v.stored_path == stored.path;
  });
  return found == taken_->aspired.end() ? nullptr : &*found;
}

}  // namespace trilho

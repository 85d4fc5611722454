#include "cpp_server/lifecycle/version_choice.h"

#include <algorithm>
#include <limits>
#include <utility>

#include "absl/strings/str_cat.h"

namespace trilho {

VersionChoice ChooseVersions(const std::string& model, const ServableVersionPolicy& policy,
                             const std::vector<StoredVersion>& present, const VersionCheck& check,
                             const std::set<int64_t>& failing) {
  VersionChoice result;
  result.model = model;
  const bool is_latest = policy.kind() == ServableVersionPolicy::Kind::kLatest;
  const bool is_specific = policy.kind() == ServableVersionPolicy::Kind::kSpecific;
  const size_t limit = is_latest ? static_cast<size_t>(policy.num_versions()) : std::numeric_limits<size_t>::max();
  std::set<int64_t> missing;
  if (is_specific) missing = policy.versions();
  size_t places = 0;
  for (auto it = present.rbegin(); it != present.rend() && places < limit; ++it) {
    if (result.aspired.size() >= limit && result.aspired.size() - limit == kMaxSubstitutes) break;
    if (is_specific && missing.erase(it->version) == 0) continue;
    absl::StatusOr<std::string> path = check(*it);
    if (path.ok()) {
      result.aspired.push_back(ChosenVersion{it->version, *std::move(path), it->path, result.aspired.size() >= limit});
      if (failing.count(it->version) == 0) ++places;
    } else {
      result.rejected.push_back(RejectedVersion{it->version, path.status()});
    }
  }
  if (result.rejected.size() > kMostRejected) {
    // One that may come, rather: it is to be looked at again.
    const auto may_come = std::find_if(result.rejected.begin(), result.rejected.end(),
                                       [](const RejectedVersion& v) { return absl::IsUnavailable(v.reason); });
    RejectedVersion chosen = may_come == result.rejected.end() ? result.rejected.front() : *may_come;
    chosen.reason = absl::Status(chosen.reason.code(),
                                 absl::StrCat(chosen.reason.message(), "; so it is with more than ", kMostRejected,
                                              " versions, the others of which are not listed"));
    result.rejected = {std::move(chosen)};
  }
  for (int64_t version : missing) {
    result.rejected.push_back(RejectedVersion{
        version, absl::NotFoundError(absl::StrCat("There is no folder of version ", version, " of model ", model))});
  }
  return result;
}

}  // namespace trilho

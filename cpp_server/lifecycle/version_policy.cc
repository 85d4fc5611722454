#include "cpp_server/lifecycle/version_policy.h"

#include <algorithm>
#include <utility>

namespace trilho {

ServableVersionPolicy ServableVersionPolicy::Latest(int num_versions) {
  ServableVersionPolicy policy;
  policy.num_versions_ = std::max(1, num_versions);
  return policy;
}

ServableVersionPolicy ServableVersionPolicy::All() {
  ServableVersionPolicy policy;
  policy.kind_ = Kind::kAll;
  return policy;
}

ServableVersionPolicy ServableVersionPolicy::Specific(std::set<int64_t> versions) {
  ServableVersionPolicy policy;
  policy.kind_ = Kind::kSpecific;
  policy.versions_ = std::move(versions);
  return policy;
}

}  // namespace trilho

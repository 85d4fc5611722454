// The order in which versions are loaded and unloaded: a swap strategy.

#ifndef TRILHO_CPP_SERVER_CORE_ASPIRED_VERSION_POLICY_H_
#define TRILHO_CPP_SERVER_CORE_ASPIRED_VERSION_POLICY_H_

#include <cstdint>
#include <vector>

#include "absl/types/optional.h"
#include "cpp_server/core/servable_state.h"

namespace trilho {

// A version as a policy sees it.
struct VersionSnapshot {
  int64_t version = 0;
  ManagerState state = ManagerState::kStart;
  bool is_aspired = false;
};

struct VersionAction {
  enum class Kind { kLoad, kUnload };
  Kind kind;
  int64_t version;
};

// Stateless; called on control threads of many models at once.
class AspiredVersionPolicy {
 public:
  virtual ~AspiredVersionPolicy() = default;

  // The next thing to do for one model, or nothing: to load an aspired version in kStart, or to unload one in
  // kAvailable. Called again after every action, so it need not plan ahead. `versions` holds those that are not in
  // kEnd, and the aspired ones in kEnd (failed), so that a policy can tell "nothing is aspired" from "what is aspired
  // does not load", and can wait for memory that a version in kUnloading still holds.
  virtual absl::optional<VersionAction> NextAction(const std::vector<VersionSnapshot>& versions) const = 0;
};

// A new version is loaded before the old one goes, so that the model always answers. Needs memory for both. (TF
// Serving's AvailabilityPreservingPolicy.)
class AvailabilityPreservingPolicy final : public AspiredVersionPolicy {
 public:
  absl::optional<VersionAction> NextAction(const std::vector<VersionSnapshot>& versions) const override;
};

// The old version is gone, its last request included, before the new one is loaded: for models that do not fit into
// memory twice. (TF Serving's ResourcePreservingPolicy.)
class ResourcePreservingPolicy final : public AspiredVersionPolicy {
 public:
  absl::optional<VersionAction> NextAction(const std::vector<VersionSnapshot>& versions) const override;
};

}  // namespace trilho

#endif  // TRILHO_CPP_SERVER_CORE_ASPIRED_VERSION_POLICY_H_

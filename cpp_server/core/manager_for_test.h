// A Manager whose models a test waits for.

#ifndef TRILHO_CPP_SERVER_CORE_MANAGER_FOR_TEST_H_
#define TRILHO_CPP_SERVER_CORE_MANAGER_FOR_TEST_H_

#include <algorithm>
#include <chrono>
#include <string>
#include <vector>

#include "cpp_server/core/manager.h"
#include "cpp_server/core/servable_state.h"

namespace trilho {

// Whether a model has got where it should.
enum class Settlement { kPending, kAvailable, kFailed };

// Returns kAvailable if any version is; kFailed if one ended with an error and none is on the way. A version that ended
// as UNAVAILABLE, as one does that is still being written, is on the way.
inline Settlement SettlementOf(const std::vector<ServableState>& states) {
  bool failed = false, pending = false;
  for (const ServableState& state : states) {
    if (state.state == ManagerState::kAvailable) return Settlement::kAvailable;
    pending |= state.state == ManagerState::kStart || state.state == ManagerState::kLoading;
    if (state.state != ManagerState::kEnd || state.status.ok()) continue;
    (absl::IsUnavailable(state.status) ? pending : failed) = true;
  }
  return failed && !pending ? Settlement::kFailed : Settlement::kPending;
}

class ManagerForTest : public Manager {
 public:
  using Manager::Manager;

  // Waits until each of `names` is settled, or `timeout` has passed. True if all are available.
  bool WaitUntilSettled(const std::vector<std::string>& names, std::chrono::milliseconds timeout) const {
    const auto deadline = std::chrono::steady_clock::now() + timeout;
    for (;;) {
      const uint64_t seen = changes()->count();
      bool settled = true;
      bool available = true;
      for (const std::string& name : names) {
        const Settlement settlement = SettlementOf(GetStates(name));
        settled &= settlement != Settlement::kPending;
        available &= settlement == Settlement::kAvailable;
      }
      if (settled) return available;
      if (!changes()->WaitUntil(seen, deadline)) return false;
    }
  }
};

}  // namespace trilho

#endif  // TRILHO_CPP_SERVER_CORE_MANAGER_FOR_TEST_H_

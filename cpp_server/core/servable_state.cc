#include "cpp_server/core/servable_state.h"

namespace trilho {

const char* ManagerStateName(ManagerState state) {
  switch (state) {
    case ManagerState::kStart:
      return "START";
    case ManagerState::kLoading:
      return "LOADING";
    case ManagerState::kAvailable:
      return "AVAILABLE";
    case ManagerState::kUnloading:
      return "UNLOADING";
    case ManagerState::kEnd:
      return "END";
  }
  return "UNKNOWN";
}

const char* ShownStateName(const ServableState& state) {
  if (state.state != ManagerState::kEnd || state.status.ok()) return ManagerStateName(state.state);
  return absl::IsUnavailable(state.status) ? "WAITING" : "FAILED";
}

}  // namespace trilho

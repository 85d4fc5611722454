// The life of a version, as ModelService reports it.

#ifndef TRILHO_CPP_SERVER_CORE_SERVABLE_STATE_H_
#define TRILHO_CPP_SERVER_CORE_SERVABLE_STATE_H_

#include <string>

#include "absl/status/status.h"
#include "cpp_server/core/servable.h"

namespace trilho {

// The numbers are those of tensorflow.serving.ModelVersionStatus.State.
enum class ManagerState : int {
  kStart = 10,      // aspired, not yet begun
  kLoading = 20,    // being loaded and warmed up
  kAvailable = 30,  // answers requests
  kUnloading = 40,  // answers the requests it has, takes no new ones
  kEnd = 50,        // unloaded, or failed if `status` is an error
};

// "START", "LOADING", ...
const char* ManagerStateName(ManagerState state);

struct ServableState {
  ServableId id;
  ManagerState state = ManagerState::kStart;
  // Why a version failed, is retried, or is rejected.
  absl::Status status;
  // The work under way in kLoading and how long it has taken so far, as far as is known, for people.
  std::string progress{};
};

// The same for people and alerts, who must tell how a version ended: "FAILED" of
// one that ended with an error, "WAITING" of one that is still being written and
// will be looked at again, else ManagerStateName.
const char* ShownStateName(const ServableState& state);

}  // namespace trilho

#endif  // TRILHO_CPP_SERVER_CORE_SERVABLE_STATE_H_

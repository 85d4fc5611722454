// How a Manager loads, and whom it tells.

#ifndef TRILHO_CPP_SERVER_CORE_MANAGER_OPTIONS_H_
#define TRILHO_CPP_SERVER_CORE_MANAGER_OPTIONS_H_

#include <chrono>
#include <functional>
#include <memory>

#include "cpp_server/core/aspired_version_policy.h"
#include "cpp_server/core/loader.h"
#include "cpp_server/core/servable_state.h"

namespace trilho {

struct ManagerOptions {
  // Called on control threads of many models at once.
  LoaderFactory loader_factory;

  // Decides what is done next; availability-preserving if null.
  std::shared_ptr<const AspiredVersionPolicy> policy;

  // Tries after the first failed one of a version.
  int max_num_load_retries = 5;

  // Before each of those tries; it ends early when the version is no longer aspired. None if not positive.
  std::chrono::microseconds load_retry_interval = std::chrono::minutes(1);

  // A version that failed all those tries is tried again, once each time, after this long, then twice this long and so
  // on up to the second one, for as long as it is aspired. Never if not positive.
  std::chrono::milliseconds failed_backoff = std::chrono::minutes(1);
  std::chrono::milliseconds max_failed_backoff = std::chrono::hours(1);

  // Ended versions that stay listed per model; those that ended last are kept. A failed version stays listed as long as
  // it is aspired and does not count.
  int max_ended_states = 10;

  // Models that have gone and whose versions are still listed; those that went last are kept.
  int max_former_models = 10;

  // Called on the control thread of the model, in order, after every change of state, and when a version begins to be
  // rejected; may be empty. Must return soon.
  std::function<void(const ServableState&)> on_state_change;
};

}  // namespace trilho

#endif  // TRILHO_CPP_SERVER_CORE_MANAGER_OPTIONS_H_

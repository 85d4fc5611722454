// How the versions of models are looked for and waited for.

#ifndef TRILHO_CPP_SERVER_LIFECYCLE_WATCH_OPTIONS_H_
#define TRILHO_CPP_SERVER_LIFECYCLE_WATCH_OPTIONS_H_

#include <chrono>

#include "cpp_server/lifecycle/version_completeness.h"

namespace trilho {

// The one place of these options, from the flags to the threads that look.
struct WatchOptions {
  // The time between two looks at a model. 0: there is one look, and more only for versions that were there and still
  // being written, or when one of them fails. Negative: there is none.
  std::chrono::milliseconds poll_wait = std::chrono::seconds(1);

  VersionCompleteness completeness = VersionCompleteness::kStable;

  // A version without manifest that has not changed for this long is taken as complete when first seen.
  std::chrono::milliseconds settle_time = std::chrono::seconds(2);

  // The time for which a first load waits for a version that is still being written, if the model has no other.
  std::chrono::milliseconds write_wait = std::chrono::seconds(10);
};

}  // namespace trilho

#endif  // TRILHO_CPP_SERVER_LIFECYCLE_WATCH_OPTIONS_H_

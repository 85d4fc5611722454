// One look at the versions of a model: List, Policy, Fetch, Verify.

#ifndef TRILHO_CPP_SERVER_LIFECYCLE_MODEL_POLLER_H_
#define TRILHO_CPP_SERVER_LIFECYCLE_MODEL_POLLER_H_

#include <atomic>
#include <memory>

#include "absl/status/status.h"
#include "absl/types/optional.h"
#include "cpp_server/lifecycle/completeness.h"
#include "cpp_server/lifecycle/model_location.h"
#include "cpp_server/lifecycle/version_choice.h"
#include "cpp_server/lifecycle/version_selector.h"
#include "cpp_server/storage/version_store.h"

namespace trilho {

// Does what a ModelWatch does at every poll, without its thread: has the store list the versions, the selector choose,
// and each version whose turn it is fetched and verified. Not thread-safe.
class ModelPoller {
 public:
  struct Sight {
    // Why the versions cannot be listed, e.g. NOT_FOUND; there is no choice then.
    absl::Status error;
    VersionChoice choice;
    // True if some version may become complete without a further change of its files.
    bool is_pending = false;
  };

  // `once`: see VersionSelector.
  explicit ModelPoller(CompletenessChecker::Options completeness, bool once = false);

  // Lists the versions of a model, always the same one, and checks those that may be chosen. Nothing if it was stopped.
  absl::optional<Sight> Look(const ModelLocation& location, const LoadOutcomes& outcomes);

  // The next look is a first one: the model may lie elsewhere, in another store.
  void BeginAnew();

  // The next look reads all files again of versions that are not aspired.
  void ForgetVerdicts() { checker_.Forget(); }

  // See VersionSelector.
  bool IsAffectedBy(const LoadOutcomes& outcomes) const { return selector_.IsAffectedBy(outcomes); }
  bool Take(const VersionChoice& choice) { return selector_.Take(choice); }

 private:
  // Opens the store, if need be, and lists the versions.
  absl::StatusOr<std::vector<StoredVersion>> List(const ModelLocation& location);
  bool IsStopped() const;

  const std::atomic<bool>* const stop_;
  // The store of the location that is looked at; null before that.
  std::shared_ptr<const VersionStore> store_;
  CompletenessChecker checker_;
  VersionSelector selector_;
};

}  // namespace trilho

#endif  // TRILHO_CPP_SERVER_LIFECYCLE_MODEL_POLLER_H_

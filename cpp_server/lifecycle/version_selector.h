// Decides which versions of a model should be served.

#ifndef TRILHO_CPP_SERVER_LIFECYCLE_VERSION_SELECTOR_H_
#define TRILHO_CPP_SERVER_LIFECYCLE_VERSION_SELECTOR_H_

#include <cstdint>
#include <set>
#include <string>
#include <vector>

#include "absl/types/optional.h"
#include "cpp_server/lifecycle/model_location.h"
#include "cpp_server/lifecycle/version_choice.h"
#include "cpp_server/storage/version_store.h"

namespace trilho {

// Tells what has come of the versions of a model that were to be loaded.
struct LoadOutcomes {
  // The versions that have failed to load since they were aspired.
  std::set<int64_t> failing;
  // True if any version answers.
  bool is_available = false;
};

// Sees what the store of one model has, what is found wrong with it and what failed to load, and remembers what it
// chose. Every decision about which versions are served is made here:
// - A version that is aspired stays so while its store has it, and is not checked again: it was complete when it was
//   chosen, and what is in memory does not suffer from what becomes of its files.
// - A model none of whose versions answers while those that it should serve fail gets lower ones besides, until what
//   it should serve loads.
// Not thread-safe.
class VersionSelector {
 public:
  // `once`: of what comes after the first listing nothing is seen.
  explicit VersionSelector(bool once = false) : once_(once) {}

  // Returns which of `present`, sorted lowest first, should be served, given what has come of those that were chosen
  // before. `check` is asked, once at most, of those whose turn it is.
  VersionChoice Select(const ModelLocation& model, std::vector<StoredVersion> present, const LoadOutcomes& outcomes,
                       const VersionCheck& check);

  // Returns whether Select might choose otherwise for these outcomes than for those that it saw last.
  bool IsAffectedBy(const LoadOutcomes& outcomes) const;

  // Notes that the versions of `choice` are aspired from now on. False if it is the choice that was taken last.
  bool Take(const VersionChoice& choice);

  // The next listing is a first one: the model may lie elsewhere.
  void BeginAnew() { listed_.reset(); }

 private:
  void KeepListed(std::vector<StoredVersion>* present);
  // Returns the version of the choice taken last that is `stored`; null if there is none.
  const ChosenVersion* Taken(const StoredVersion& stored) const;

  const bool once_;
  // The outcomes that Select saw last.
  LoadOutcomes outcomes_;
  // The versions of the first listing, if that is all that is seen.
  absl::optional<std::set<int64_t>> listed_;
  // The choice that was taken last, if any.
  absl::optional<VersionChoice> taken_;
  // True while lower versions take the place of those that fail.
  bool substitutes_ = false;
};

}  // namespace trilho

#endif  // TRILHO_CPP_SERVER_LIFECYCLE_VERSION_SELECTOR_H_

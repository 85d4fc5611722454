// Where versions come from.

#ifndef TRILHO_CPP_SERVER_CORE_SOURCE_H_
#define TRILHO_CPP_SERVER_CORE_SOURCE_H_

#include <cstdint>
#include <functional>
#include <set>
#include <string>
#include <vector>

#include "absl/status/status.h"

namespace trilho {

// A version that should be served, complete and on the local disk.
struct AspiredVersion {
  int64_t version = 0;
  std::string path;
  // Offered only because no version that should be served does load.
  bool is_substitute = false;
};

// A version that a Source found and does not offer, with the reason, e.g. a half-copied one. UNAVAILABLE says that it
// may well be offered soon, any other code that somebody has to mend it.
struct RejectedVersion {
  int64_t version = 0;
  absl::Status reason;
};

// The whole truth about one model at one moment: versions not listed in
// `aspired` are to be unloaded.
struct AspiredVersions {
  std::string model;
  std::vector<AspiredVersion> aspired;
  std::vector<RejectedVersion> rejected;
  // False: the Source does not watch the model any more, and lists nothing. It is forgotten once it is unloaded.
  bool is_watched = true;
  // Of the configuration of the Source that this follows from; 0 if it has none.
  uint64_t generation = 0;
  // The versions that failed to load when the Source made its choice, if it minds.
  std::set<int64_t> failing = {};
};

// Watches a store and says which versions should be served. Knows nothing of
// loading. One folder below sources/ each.
class Source {
 public:
  // Called for many models at once, each time for one listing of a model after
  // another; must return soon.
  using AspiredVersionsCallback = std::function<void(const AspiredVersions&)>;

  Source() = default;
  Source(const Source&) = delete;
  Source& operator=(const Source&) = delete;
  // Stops watching; no callback runs after the destructor has returned.
  virtual ~Source() = default;

  // Begins to watch. Called once. RESOURCE_EXHAUSTED if it cannot.
  virtual absl::Status Start(AspiredVersionsCallback callback) = 0;
};

}  // namespace trilho

#endif  // TRILHO_CPP_SERVER_CORE_SOURCE_H_

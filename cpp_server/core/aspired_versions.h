// The versions of a model that should be served.

#ifndef TRILHO_CPP_SERVER_CORE_ASPIRED_VERSIONS_H_
#define TRILHO_CPP_SERVER_CORE_ASPIRED_VERSIONS_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"

namespace trilho {

// A version that should be served, complete and on the local disk.
struct AspiredVersion {
  int64_t version = 0;
  std::string path;
};

// A version that is there and should not be served, with the reason, e.g. a half-copied one. UNAVAILABLE says that it
// may well be aspired soon, any other code that somebody has to mend it.
struct RejectedVersion {
  int64_t version = 0;
  absl::Status reason;
};

// The whole truth about one model at one moment: versions not listed in `aspired` are to be unloaded.
struct AspiredVersions {
  std::string model;
  std::vector<AspiredVersion> aspired;
  std::vector<RejectedVersion> rejected;
  // False: the model is not watched any more, and the lists are empty. It is forgotten once it is unloaded.
  bool is_watched = true;
};

}  // namespace trilho

#endif  // TRILHO_CPP_SERVER_CORE_ASPIRED_VERSIONS_H_

// Tells a version that is there as a whole from one that is still on its way.

#ifndef TRILHO_CPP_SERVER_LIFECYCLE_COMPLETENESS_H_
#define TRILHO_CPP_SERVER_LIFECYCLE_COMPLETENESS_H_

#include <atomic>
#include <chrono>
#include <functional>
#include <map>
#include <set>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "cpp_server/lifecycle/version_completeness.h"
#include "cpp_server/storage/version_store.h"

namespace trilho {

// A version with a manifest.json is complete when it is what its manifest says, and has the variables that its graph
// makes. One without, which Trilho did not publish, is complete when it has a saved_model.pb or saved_model.pbtxt and
// its listing (paths, sizes, times) has come to rest: nothing in it has changed for `settle_time`, by the times of its
// files, or by having been seen the same for so long where these are of another clock. A server that starts need not
// wait for models that were there for long. A file _SUCCESS, as Hadoop's committers write it last, takes the place of
// the rest. VersionCompleteness can ask for one of these signs alone.
//
// Remembers what it saw, so that files are read once per change of the listing and not at every check. For one thread.
class CompletenessChecker {
 public:
  struct Options {
    VersionCompleteness completeness = VersionCompleteness::kStable;
    std::chrono::milliseconds settle_time = std::chrono::seconds(2);
    // The clock, for tests; the system's if empty.
    std::function<std::chrono::system_clock::time_point()> now;
    // Checks return CANCELLED soon after it becomes true. May be null; outlives the checker.
    const std::atomic<bool>* stop = nullptr;
  };

  explicit CompletenessChecker(Options options);

  // Has `store` list and fetch a version, and verifies its files. Returns its local folder. UNAVAILABLE if it still
  // changes or cannot be read at the moment, so that a later check may find it complete; any other error stays until
  // somebody changes the files.
  absl::StatusOr<std::string> Check(const VersionStore& store, const StoredVersion& version);

  // Forgets what it saw, so that all files are read again.
  void Forget() { memories_.clear(); }

  // To be called before the checks of one look, with the paths of all versions that there are; forgets all others.
  // Where there are thousands, versions that were not complete take turns: the first kMostAtEveryLook checks of a look,
  // and that share of the rest, look at their files, the others tell what they told before. A version that was never
  // checked is looked at.
  void BeginLook(const std::set<std::string>& paths);
  static constexpr size_t kMostAtEveryLook = 100;

 private:
  using TimePoint = std::chrono::system_clock::time_point;

  struct Memory {
    // False if the version has something in it that no version may have; then there is no listing.
    bool is_listed = false;
    FileListing listing;
    // The local folder that the verdict is about, if the version was fetched.
    std::string folder;
    // The time at which it was first seen as it is.
    TimePoint since;
    // The judgement of its files, at rest or not; kept when it follows from `listing`.
    bool has_verdict = false;
    absl::Status verdict;
  };

  // Fetches a version to `folder` and reads its files, unless its listing shows that it is not what is asked for.
  absl::Status Verify(const VersionStore& store, const StoredVersion& version, const FileListing& listing,
                      std::string* folder) const;
  // Returns what follows from the memory of a version.
  absl::Status Judge(const Memory& memory, TimePoint now) const;
  bool IsAtRest(const Memory& memory, TimePoint now) const;
  // Counts a check.
  bool IsTurn();
  bool IsOld(const FileListing& listing, TimePoint now) const;
  const std::atomic<bool>& stop() const { return options_.stop != nullptr ? *options_.stop : never_stop_; }

  const Options options_;
  const std::atomic<bool> never_stop_{false};
  // Versions by their paths.
  std::map<std::string, Memory> memories_;
  // Looks so far, and checks of the present one.
  size_t looks_ = 0;
  size_t checks_ = 0;
};

}  // namespace trilho

#endif  // TRILHO_CPP_SERVER_LIFECYCLE_COMPLETENESS_H_

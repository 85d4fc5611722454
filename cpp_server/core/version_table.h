// The versions of one model, and what is known of each.

#ifndef TRILHO_CPP_SERVER_CORE_VERSION_TABLE_H_
#define TRILHO_CPP_SERVER_CORE_VERSION_TABLE_H_

#include <atomic>
#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/types/optional.h"
#include "cpp_server/core/aspired_version_policy.h"
#include "cpp_server/core/aspired_versions.h"
#include "cpp_server/core/load_progress.h"
#include "cpp_server/core/loaded_version.h"
#include "cpp_server/core/manager_options.h"
#include "cpp_server/core/retry_schedule.h"
#include "cpp_server/core/servable_state.h"

namespace trilho {

struct VersionEntry {
  ServableState state;
  std::string path;
  bool is_aspired = false;
  // Counts the reasons to load: up when the version becomes aspired, or changes its path.
  uint64_t wanted = 0;
  // The `wanted` that the last load answered to; an ended version is loaded anew when the two differ.
  uint64_t tried = 0;
  // A version in kLoading that no load is under way for waits for the next of its first tries; one in kEnd for the
  // end of a back-off.
  RetrySchedule retries;
  // The progress of the load under way; null if there is none.
  std::shared_ptr<const LoadProgress> progress;
  // Orders ended versions by when they ended.
  uint64_t ended_at = 0;

  // Set from kAvailable to the end of kUnloading. Made and destroyed on the control thread of the model.
  LoadedVersion loaded;
  // Set by the end of the last copy of `lease`.
  std::shared_ptr<std::atomic<bool>> drained;
  // Set in kAvailable.
  std::shared_ptr<const void> lease;
};

// Keeps the states of versions for a ModelHarness, under its lock, and how they follow from one another. Knows nothing
// of threads, and loads nothing. Not thread-safe.
class VersionTable {
 public:
  using TimePoint = std::chrono::steady_clock::time_point;

  explicit VersionTable(std::string model) : model_(std::move(model)) {}
  VersionTable(const VersionTable&) = delete;
  VersionTable& operator=(const VersionTable&) = delete;

  // Makes these versions the aspired and the rejected ones, see ModelHarness::SetAspired.
  void SetAspired(const std::vector<AspiredVersion>& aspired, const std::vector<RejectedVersion>& rejected);
  // No version is aspired any more.
  void Withdraw();
  void ForgetRejected() { rejected_.clear(); }

  // Returns the entries by version. An entry stays where it is until ForgetOldest.
  std::map<int64_t, VersionEntry>& entries() { return entries_; }
  VersionEntry& at(int64_t version) { return entries_.find(version)->second; }

  // Returns an available version, the highest one if `version` is absent; null if there is none.
  const VersionEntry* FindAvailable(absl::optional<int64_t> version) const;

  // See ModelHarness.
  std::vector<ServableState> States() const;
  std::set<int64_t> Failing() const;
  std::set<int64_t> Retriable() const;
  void Retry(const std::set<int64_t>& versions);

  // Returns what `policy` wants done next, if it can be done. Nothing is aspired once a model is `shutting_down`, and
  // what is available is unloaded without asking.
  absl::optional<VersionAction> NextAction(const AspiredVersionPolicy& policy, bool shutting_down) const;

  // Each change of state is an event.
  void SetState(VersionEntry* version, ManagerState state, absl::Status status);
  // To kEnd, and on to kStart if there is a new reason to load.
  void End(VersionEntry* version, absl::Status status);
  // From kEnd to kStart if there is a new reason to load.
  void Restart(VersionEntry* version);
  // Notes the error of a load that answered to `wanted`: the version is to be tried again, at once or later, or ends.
  void Fail(VersionEntry* version, uint64_t wanted, absl::Status error, const ManagerOptions& options);

  // Returns the time at which some version is to be tried again, if at all.
  absl::optional<TimePoint> NextRetry() const;
  // Returns true if every version is in kEnd.
  bool HasEnded() const;

  // Forgets ended versions beyond the last `limit`.
  void ForgetOldest(int limit);

  // Returns the changes since the last call, in order.
  std::vector<ServableState> TakeEvents();

 private:
  void UpdateLatest();

  const std::string model_;
  std::map<int64_t, VersionEntry> entries_;
  // The highest version in kAvailable.
  const VersionEntry* latest_ = nullptr;
  std::map<int64_t, absl::Status> rejected_;
  std::vector<ServableState> events_;
  uint64_t num_ended_ = 0;
};

}  // namespace trilho

#endif  // TRILHO_CPP_SERVER_CORE_VERSION_TABLE_H_

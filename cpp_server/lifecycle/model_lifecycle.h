// The life of versions: List, Policy, Fetch, Verify, Load, Warm up, Serve.

#ifndef TRILHO_CPP_SERVER_LIFECYCLE_MODEL_LIFECYCLE_H_
#define TRILHO_CPP_SERVER_LIFECYCLE_MODEL_LIFECYCLE_H_

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "cpp_server/core/change_counter.h"
#include "cpp_server/core/manager.h"
#include "cpp_server/core/mutex.h"
#include "cpp_server/lifecycle/model_location.h"
#include "cpp_server/lifecycle/model_watch.h"
#include "cpp_server/lifecycle/watch_options.h"

namespace trilho {

// Watches models and serves their versions. Each has two threads: its ModelWatch has a store list the versions, a
// VersionSelector choose, and those that it chooses fetched and verified; its ModelHarness, in the Manager, loads,
// warms up, serves and unloads them. What fails to load is one more thing that the selector sees.
//
// So storage that hangs, or the checksums of a large new version, keep nobody from seeing what is new for the others,
// and what is served already does not suffer.
//
// Thread-safe.
class ModelLifecycle {
 public:
  struct Options {
    WatchOptions watch;
    ManagerOptions manager;
    // Called after anything that IsSettled or Availability depends on has changed for a model, on threads of many
    // models at once; may be empty. Must return soon and not call this object.
    std::function<void(const std::string& model)> on_change;
  };

  explicit ModelLifecycle(Options options);
  // Unloads everything. Waits for looks that have begun, which end early, for loads, and for handles that are out.
  ~ModelLifecycle();
  ModelLifecycle(const ModelLifecycle&) = delete;
  ModelLifecycle& operator=(const ModelLifecycle&) = delete;

  // RESOURCE_EXHAUSTED if it cannot be for want of a thread; then nothing else may be called.
  absl::Status status() const { return manager_.status(); }

  // Begins to watch the models that were set and are set later. Called once. RESOURCE_EXHAUSTED if there are no threads
  // for it.
  absl::Status Begin() EXCLUDES(mu_);

  // Makes the threads that these models need besides those that are watched, so that SetModels cannot fail.
  // RESOURCE_EXHAUSTED, and nothing is made, if one of them cannot be had. To be followed by SetModels or GiveUp.
  absl::Status Prepare(const std::vector<std::string>& models) EXCLUDES(mu_);
  // Takes back Prepare.
  void GiveUp() EXCLUDES(mu_);

  // Watches these models, which are those of Prepare, at once and anew. Those that are not among them are unloaded;
  // returns whatever their storage does.
  void SetModels(std::vector<ModelLocation> models) EXCLUDES(mu_);

  // Tries `versions` of a model that have failed at once, and looks at the model anew.
  void Retry(const std::string& model, const std::set<int64_t>& versions) EXCLUDES(mu_);

  // True if a model has what should be served, or the reason why not. A version that is still being written is waited
  // for if so asked.
  bool IsSettled(const std::string& model, bool wait_for_writers) const EXCLUDES(mu_);

  // Says why a model has no available version, as UNAVAILABLE; OK if it has one.
  absl::Status Availability(const std::string& model) const EXCLUDES(mu_);

  // Returns why the versions of models cannot be listed, by model: empty strings where all is well.
  std::map<std::string, std::string> Problems() const EXCLUDES(mu_);

  const Manager& manager() const { return manager_; }

  // Counts whatever IsSettled and Availability depend on, for all models.
  const std::shared_ptr<ChangeCounter>& changes() const { return manager_.changes(); }

 private:
  ManagerOptions WatchedOptions(ManagerOptions options);
  void OnStateChange(const ServableState& state) EXCLUDES(mu_);
  void NoteChange(const std::string& model);
  absl::Status PrepareWatches(const std::vector<std::string>& models) REQUIRES(mu_);
  void WatchModels() REQUIRES(mu_);
  // Returns the report of a model that is watched, if there is one yet.
  absl::optional<WatchReport> Report(const std::string& model) const EXCLUDES(mu_);

  using Watches = std::map<std::string, std::unique_ptr<ModelWatch>>;

  const WatchOptions options_;
  const std::function<void(const std::string& model)> on_change_;

  // The manager's threads look for watches until it has ended.
  mutable Mutex mu_;
  bool begun_ GUARDED_BY(mu_) = false;
  std::vector<ModelLocation> models_ GUARDED_BY(mu_);
  Watches watches_ GUARDED_BY(mu_);
  // Models that have a thread to load since Prepare, and watches that are there since then.
  std::vector<std::string> prepared_models_ GUARDED_BY(mu_);
  Watches prepared_watches_ GUARDED_BY(mu_);
  // The watches of models that are not watched any more, with a look under way.
  std::vector<std::unique_ptr<ModelWatch>> ending_ GUARDED_BY(mu_);

  Manager manager_;
};

}  // namespace trilho

#endif  // TRILHO_CPP_SERVER_LIFECYCLE_MODEL_LIFECYCLE_H_

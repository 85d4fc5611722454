// Brings the versions that should be served into service, and out again.

#ifndef TRILHO_CPP_SERVER_CORE_MANAGER_H_
#define TRILHO_CPP_SERVER_CORE_MANAGER_H_

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/types/optional.h"
#include "cpp_server/core/aspired_versions.h"
#include "cpp_server/core/change_counter.h"
#include "cpp_server/core/manager_options.h"
#include "cpp_server/core/model_harness.h"
#include "cpp_server/core/mutex.h"
#include "cpp_server/core/servable.h"
#include "cpp_server/core/servable_handle.h"
#include "cpp_server/core/servable_state.h"
#include "cpp_server/core/striped_map.h"

namespace trilho {

// Which version of which model a request wants.
struct ServableRequest {
  std::string name;
  // The latest available version if absent.
  absl::optional<int64_t> version;

  // "Latest(mnist)" or "Specific(mnist, 2)", as TF Serving prints it.
  std::string DebugString() const;
};

// Every model has a control thread of its own that loads, warms up, drains and unloads its versions one after another;
// models never wait for each other. A request takes a lock that only its own model's requests and swaps share, and that
// is never held while a version is loaded or drained, and to find its model one that it seldom shares with another
// thread (StripedMap).
//
// A model that is not watched any more goes, thread and all, when it is unloaded. What became of its
// versions is told for a while.
//
// Thread-safe. Outlives all handles it gave away.
class Manager {
 public:
  using Options = ManagerOptions;

  explicit Manager(Options options);
  // Unloads everything. Waits for loads that have begun and for handles that are still out.
  ~Manager();
  Manager(const Manager&) = delete;
  Manager& operator=(const Manager&) = delete;

  // RESOURCE_EXHAUSTED if it has no thread of its own; then nothing else may be called.
  absl::Status status() const { return janitor_.status(); }

  // Gives each of `models` the thread that SetAspiredVersions would. RESOURCE_EXHAUSTED if there is none for one of
  // them; then those that had none are retired again. `prepared` becomes those that had none.
  absl::Status Prepare(const std::vector<std::string>& models, std::vector<std::string>* prepared);
  // Lets models go that Prepare has prepared and that are not watched after all.
  void GiveUp(const std::vector<std::string>& models);

  // Loads what is new, unloads what is not listed. Returns at once. An unknown model becomes known by it, at once or,
  // without a thread for it, once there is one. For one thread per model at a time.
  void SetAspiredVersions(const AspiredVersions& versions) EXCLUDES(aspire_mu_) EXCLUDES(retired_mu_);

  // NOT_FOUND "Servable not found for request: Latest(NAME)" if nothing fits.
  absl::StatusOr<ServableHandle<Servable>> GetUntypedServableHandle(const ServableRequest& request) const;

  // The same for a known kind of Servable; INVALID_ARGUMENT for another kind.
  template <typename T>
  absl::StatusOr<ServableHandle<T>> GetServableHandle(const ServableRequest& request) const {
    auto handle = GetUntypedServableHandle(request);
    if (!handle.ok()) return handle.status();
    T* servable = dynamic_cast<T*>(handle->get());
    if (servable == nullptr) {
      return absl::InvalidArgumentError(absl::StrCat("Servable ", request.DebugString(), " is of another kind"));
    }
    const int64_t version = handle->version();
    return ServableHandle<T>(std::move(*handle).ReleaseLease(), servable, version);
  }

  // Every known version of `name`, highest version first; empty if the model
  // is unknown. Rejected versions are listed as kEnd with their reason. Of
  // models that have gone, the last ManagerOptions::max_former_models are known.
  std::vector<ServableState> GetStates(absl::string_view name) const EXCLUDES(former_mu_);

  // The aspired versions of `name` that have failed to load since they became so.
  std::set<int64_t> GetFailing(absl::string_view name) const;

  // The versions of `name` that Retry can try again: aspired ones that have failed, and rejected ones.
  std::set<int64_t> GetRetriable(absl::string_view name) const;

  // Tries those of `versions` that have failed to load at once, see ModelHarness::Retry. Rejected ones are to be looked
  // at again by whoever rejected them.
  void Retry(absl::string_view name, const std::set<int64_t>& versions);

  // Returns the states of all models but those that have gone, by name.
  std::map<std::string, std::vector<ServableState>> GetAllStates() const;

  // Counts the changes of what is told here: after each call of ManagerOptions::on_state_change, and whenever the
  // aspired versions of a model were set. Others may note what those who wait for models depend on besides.
  const std::shared_ptr<ChangeCounter>& changes() const { return changes_; }

 private:
  using States = std::vector<ServableState>;

  // On the last breath of the model's control thread.
  void OnRetired(const std::string& name) EXCLUDES(retired_mu_);
  // Destroys models that have retired, which their own threads cannot, and gives those a thread that had none.
  void Clear() EXCLUDES(retired_mu_);
  void Aspire(const AspiredVersions& versions) REQUIRES(aspire_mu_) EXCLUDES(retired_mu_);
  void AspirePostponed() EXCLUDES(aspire_mu_) EXCLUDES(retired_mu_);
  // Its harness, made if need be. RESOURCE_EXHAUSTED if there is no thread for it.
  absl::StatusOr<std::shared_ptr<ModelHarness>> Model(const std::string& name, bool* is_new = nullptr);
  // Takes a model out that has retired.
  void Drop(const std::string& name, const std::shared_ptr<ModelHarness>& model) EXCLUDES(former_mu_);

  const Options options_;
  const std::shared_ptr<ChangeCounter> changes_ = std::make_shared<ChangeCounter>();

  mutable Mutex former_mu_;
  std::deque<std::pair<std::string, States>> former_ GUARDED_BY(former_mu_);

  // Held while aspired versions are passed on, so that old ones do not overtake new ones.
  Mutex aspire_mu_;
  // The last word on models that no thread could be had for.
  std::map<std::string, AspiredVersions> postponed_ GUARDED_BY(aspire_mu_);

  Mutex retired_mu_;
  CondVar retired_cv_;
  std::deque<std::string> retired_ GUARDED_BY(retired_mu_);
  bool ending_ GUARDED_BY(retired_mu_) = false;
  // There is something postponed.
  bool retry_ GUARDED_BY(retired_mu_) = false;

  // After what stands above, which the models' threads use.
  StripedMap<ModelHarness> models_;
  absl::StatusOr<std::thread> janitor_;
};

}  // namespace trilho

#endif  // TRILHO_CPP_SERVER_CORE_MANAGER_H_

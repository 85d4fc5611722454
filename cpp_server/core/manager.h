// Brings the versions that a Source aspires to into service, and out again.

#ifndef TRILHO_CPP_SERVER_CORE_MANAGER_H_
#define TRILHO_CPP_SERVER_CORE_MANAGER_H_

#include <chrono>
#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/types/optional.h"
#include "cpp_server/core/grow_only_map.h"
#include "cpp_server/core/manager_options.h"
#include "cpp_server/core/model_harness.h"
#include "cpp_server/core/mutex.h"
#include "cpp_server/core/servable.h"
#include "cpp_server/core/servable_handle.h"
#include "cpp_server/core/servable_state.h"
#include "cpp_server/core/source.h"

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
// is never held while a version is loaded or drained.
//
// Thread-safe. Outlives all handles it gave away, and the Sources that call it.
class Manager {
 public:
  using Options = ManagerOptions;

  explicit Manager(Options options);
  // Unloads everything. Waits for loads that have begun and for handles that are still out.
  ~Manager();
  Manager(const Manager&) = delete;
  Manager& operator=(const Manager&) = delete;

  // Takes a Source's word: loads what is new, unloads what is not listed.
  // Returns at once. An unknown model becomes known by it.
  void SetAspiredVersions(const AspiredVersions& versions);

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
  // is unknown. Rejected versions are listed as kEnd with their reason.
  std::vector<ServableState> GetStates(absl::string_view name) const;

  // Of all models, by name.
  std::map<std::string, std::vector<ServableState>> GetAllStates() const;

  // Waits until each of `names` has a version in kAvailable, or one in kEnd with an error and none on the way, or
  // `timeout` has passed. True if all are available. A version that its Source rejects as UNAVAILABLE is on the way.
  bool WaitUntilSettled(const std::vector<std::string>& names, std::chrono::milliseconds timeout) const;

 private:
  void NoteChange() EXCLUDES(changes_mu_);

  mutable Mutex changes_mu_;
  mutable CondVar changes_cv_;
  // Counts whatever WaitUntilSettled may wait for.
  uint64_t changes_ GUARDED_BY(changes_mu_) = 0;

  const Options options_;
  // An entry is never taken out, so that a model's history stays visible. Last, because the models' threads use what
  // stands above.
  GrowOnlyMap<ModelHarness> models_;
};

}  // namespace trilho

#endif  // TRILHO_CPP_SERVER_CORE_MANAGER_H_

// One model: its versions and the thread that loads and unloads them.

#ifndef TRILHO_CPP_SERVER_CORE_MODEL_HARNESS_H_
#define TRILHO_CPP_SERVER_CORE_MODEL_HARNESS_H_

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/optional.h"
#include "cpp_server/core/aspired_versions.h"
#include "cpp_server/core/control_signal.h"
#include "cpp_server/core/manager_options.h"
#include "cpp_server/core/mutex.h"
#include "cpp_server/core/servable.h"
#include "cpp_server/core/servable_handle.h"
#include "cpp_server/core/servable_state.h"
#include "cpp_server/core/version_table.h"

namespace trilho {

// The part of a Manager that is one model; others use the Manager.
//
// A loaded version has a lease: one shared_ptr that the harness holds and every handle copies. To unload is to stop
// giving copies away and to drop the harness's own. Whoever drops the last copy does nothing but signal the control
// thread, and that destroys the Servable. A version that drains holds up neither the data threads nor the next load.
//
// Thread-safe.
class ModelHarness {
 public:
  // Begins the control thread, if status() is OK. `options.policy` must be set. `on_retired` is called at the very end
  // of the control thread if the model retires, see Retire(); may be empty.
  ModelHarness(std::string name, ManagerOptions options, std::function<void()> on_retired = {});
  // Unloads everything; waits for a load that has begun and for handles that are still out.
  ~ModelHarness();
  ModelHarness(const ModelHarness&) = delete;
  ModelHarness& operator=(const ModelHarness&) = delete;

  // RESOURCE_EXHAUSTED if there is no control thread; then nothing else may be called.
  absl::Status status() const { return control_thread_.status(); }

  // Takes back Retire. False if the model has retired.
  bool Keep() EXCLUDES(mu_);

  // See Manager::SetAspiredVersions. A version that is loaded stays as it is if only its path changes; a failed one is
  // tried again if its path changes, or when it left the aspired ones and returned. False, and nothing is changed, if
  // the model has retired; it takes a new harness then.
  bool SetAspired(const std::vector<AspiredVersion>& aspired, const std::vector<RejectedVersion>& rejected)
      EXCLUDES(mu_);

  // Begins to unload everything and returns at once. When all is unloaded the model has retired for good, unless
  // SetAspired came before that.
  void Retire() EXCLUDES(mu_);
  bool has_retired() const EXCLUDES(mu_);
  bool is_retiring() const EXCLUDES(mu_);

  // Begins to unload everything and returns at once; what SetAspired says later is ignored.
  void BeginShutdown() EXCLUDES(mu_);

  // After BeginShutdown: waits until everything is unloaded and no callback runs any more. For one thread.
  void Join();

  // A handle for `version`, for the highest available one if absent; empty if there is none. On every request's path.
  ServableHandle<Servable> GetHandle(absl::optional<int64_t> version) const EXCLUDES(mu_);

  // Highest version first, the rejected ones among them.
  std::vector<ServableState> GetStates() const EXCLUDES(mu_);

  // Aspired versions that have failed since they were last wanted anew, be they tried again at the moment or not.
  std::set<int64_t> GetFailing() const EXCLUDES(mu_);

  // Aspired versions that have failed, and rejected ones, which may be found well at another look.
  std::set<int64_t> GetRetriable() const EXCLUDES(mu_);

  // Tries those of `versions` that are aspired and have failed at once, whatever they wait for. Each gets one try,
  // after which its schedule goes on where it was.
  void Retry(const std::set<int64_t>& versions) EXCLUDES(mu_);

 private:
  // On the control thread.
  void Run();
  // Does one thing; false if there was nothing to do.
  bool Step() EXCLUDES(mu_);
  void Load(int64_t version) EXCLUDES(mu_);
  void BeginUnload(int64_t version) EXCLUDES(mu_);
  bool ReapDrained() EXCLUDES(mu_);
  // Ends a version that is not wanted any more before it is loaded, or before it is tried again.
  bool CancelUnwanted() EXCLUDES(mu_);
  // Tries versions again whose time has come; false if there are none.
  bool RetryFailed() EXCLUDES(mu_);
  void DeliverEvents() EXCLUDES(mu_);
  // Returns true if the control thread has nothing to do any more, ever.
  bool IsDone() EXCLUDES(mu_);

  // Returns the time at which RetryFailed next has something to do.
  absl::optional<std::chrono::steady_clock::time_point> NextRetry() const EXCLUDES(mu_);

  const std::string name_;
  const ManagerOptions options_;
  const std::function<void()> on_retired_;
  const std::shared_ptr<ControlSignal> signal_ = std::make_shared<ControlSignal>();

  mutable Mutex mu_;
  // Only the control thread forgets versions, and only in Step(); so it may keep pointers to entries while unlocked.
  VersionTable versions_ GUARDED_BY(mu_);
  bool shutting_down_ GUARDED_BY(mu_) = false;
  bool retiring_ GUARDED_BY(mu_) = false;
  bool has_retired_ GUARDED_BY(mu_) = false;

  absl::StatusOr<std::thread> control_thread_;
};

}  // namespace trilho

#endif  // TRILHO_CPP_SERVER_CORE_MODEL_HARNESS_H_

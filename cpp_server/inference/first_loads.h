// Calls that wait until a model has been loaded for the first time.

#ifndef TRILHO_CPP_SERVER_INFERENCE_FIRST_LOADS_H_
#define TRILHO_CPP_SERVER_INFERENCE_FIRST_LOADS_H_

#include <array>
#include <chrono>
#include <cstddef>
#include <functional>
#include <list>
#include <map>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "cpp_server/core/mutex.h"
#include "cpp_server/inference/call_context.h"

namespace trilho {

// Knows which models have never been loaded yet, and keeps the calls of these models until they are. A call that waits
// here holds no thread of its front: the front hands it over and begins it anew later.
//
// A model is pending from SetModels, which names it for the first time, until it has a version or a reason why it has
// none. What happens to it later, be it a failed reload or the loss of its only version, does not make it pending again
// unless it is removed in between.
//
// Thread-safe.
class FirstLoads {
 public:
  using Clock = std::chrono::steady_clock;

  struct Options {
    // How long a call waits at most, whatever its own deadline. 0: it fails at once.
    std::chrono::milliseconds max_wait = std::chrono::seconds(300);
    // Calls of each protocol that may wait.
    int max_waiting_calls = 2048;
  };

  // Answers whether a model that has been pending since `since` has a version, or a reason why not.
  using IsSettled = std::function<bool(const std::string& model, Clock::time_point since)>;
  // Says why a model that is settled has no available version; OK if it has one.
  using Outcome = std::function<absl::Status(const std::string& model)>;
  // Gets OK if the call is to be begun anew, or the error that it is to be answered with. Must return soon.
  using Resume = std::function<void(const absl::Status& status)>;

  // Both functions are called without a lock, on a thread of this object and from Absence.
  FirstLoads(const Options& options, IsSettled is_settled, Outcome outcome);
  ~FirstLoads();
  // RESOURCE_EXHAUSTED if there is no thread for it; it is of no use then.
  absl::Status status() const { return thread_.status(); }
  FirstLoads(const FirstLoads&) = delete;
  FirstLoads& operator=(const FirstLoads&) = delete;

  // Takes the names of all configured models.
  void SetModels(const std::vector<std::string>& models) EXCLUDES(mu_);

  // Is to be called after anything that IsSettled depends on has changed for `model`. Returns at once.
  void Note(absl::string_view model) EXCLUDES(mu_);

  // Returns UNAVAILABLE if `model` is pending, marked so that Defer knows it; OK otherwise.
  absl::Status Absence(absl::string_view model) const EXCLUDES(mu_);

  // Returns the model that a status of Absence is about; empty for any other status.
  static std::string PendingModel(const absl::Status& status);

  // Returns whether a call that failed with `status` is to be given to Defer: the status comes from Absence, and calls
  // wait at all.
  bool Takes(const absl::Status& status) const;

  // Keeps a call that failed with such a status; has done nothing if it throws for want of memory. `resume` is called
  // once, on another thread (anew if it throws for want of memory) or, if there is no reason to wait or no room, before
  // this returns. Errors are RESOURCE_EXHAUSTED if too many calls wait, DEADLINE_EXCEEDED and CANCELLED as the context
  // says, and UNAVAILABLE if the model did not come.
  void Defer(const absl::Status& status, const CallContext& context, Resume resume) EXCLUDES(mu_);

  // Returns how many calls wait.
  size_t waiting(Protocol protocol) const EXCLUDES(mu_);

  // Answers all calls UNAVAILABLE, those that come later too, and ends the thread. For one thread at a time.
  void Stop() EXCLUDES(mu_);

 private:
  struct Call {
    std::string model;
    CallContext context;
    // The deadline of its caller, or a moment earlier so that the answer arrives in time.
    Clock::time_point deadline;
    // The end of Options::max_wait.
    Clock::time_point patience;
    Resume resume;
    // The status for `resume`, once it is known.
    absl::Status answer;
  };

  void Run() EXCLUDES(mu_);
  // Waits until there is something to look at, and looks: moves the names in changed_ to `noted` and the calls that
  // need not wait any more to `over`. Returns whether it was stopped. What it throws for want of memory loses neither.
  bool Look(std::set<std::string>* noted, std::list<Call>* over) EXCLUDES(mu_);
  // Waits, if it may, until there is something to look at, and returns the pending models whose state may have changed.
  std::map<std::string, Clock::time_point> NextChanged(bool waits, std::set<std::string>* noted) EXCLUDES(mu_);
  // Takes out the calls that need not wait any more. `settled` are the models that are not pending any more, with why
  // they have no version.
  void TakeOver(const std::map<std::string, absl::Status>& settled, std::list<Call>* over) REQUIRES(mu_);
  // Returns whether `call` is to be resumed now, and sets `status` to how.
  bool IsOver(const Call& call, const std::map<std::string, absl::Status>& settled, absl::Status* status) const
      REQUIRES(mu_);

  const Options options_;
  const IsSettled is_settled_;
  const Outcome outcome_;
  mutable Mutex mu_;
  CondVar cv_;
  std::set<std::string> models_ GUARDED_BY(mu_);
  // The models of them that are pending, and since when.
  std::map<std::string, Clock::time_point> pending_ GUARDED_BY(mu_);
  std::set<std::string> changed_ GUARDED_BY(mu_);
  std::list<Call> calls_ GUARDED_BY(mu_);
  std::array<int, 2> waiting_ GUARDED_BY(mu_) = {};
  bool stopped_ GUARDED_BY(mu_) = false;
  absl::StatusOr<std::thread> thread_;
};

}  // namespace trilho

#endif  // TRILHO_CPP_SERVER_INFERENCE_FIRST_LOADS_H_

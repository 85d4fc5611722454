// Whether the server and its models are ready for calls.

#ifndef TRILHO_CPP_SERVER_SERVER_READINESS_H_
#define TRILHO_CPP_SERVER_SERVER_READINESS_H_

#include <functional>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/types/optional.h"
#include "cpp_server/core/manager.h"
#include "cpp_server/core/mutex.h"

namespace trilho {

// Decides what every probe is told, over HTTP, by gRPC's health and by KServe's protocol, so that they agree.
//
// The server is ready once the models of its start have had their chance to load, as long as each of them that is still
// configured has an available version, until it is to stop. Models that come later do not count, so that a mistake in
// one of them does not take a server away from the callers of the others. A model is ready as long as it has an
// available version, whatever the others do, until the server is to stop.
//
// Thread-safe.
class Readiness {
 public:
  // Is told that a model is ready, or no longer; the server itself if the name is empty.
  using Listener = std::function<void(const std::string& model, bool ready)>;

  // Models that come later count, too, if `counts_all_models`. `manager` outlives this.
  Readiness(const Manager* manager, bool counts_all_models);
  Readiness(const Readiness&) = delete;
  Readiness& operator=(const Readiness&) = delete;

  // Takes the names of all configured models. The first call names those of the start.
  void SetModels(const std::vector<std::string>& models) EXCLUDES(mu_);

  // The models of the start have had their chance to load.
  void SetLoaded() EXCLUDES(mu_);

  // The server is to stop: nothing is ready from now on.
  void SetStopping() EXCLUDES(mu_);

  // Is to be called after a version of `model` has come or gone.
  void Note(const std::string& model) EXCLUDES(mu_);

  // Tells `listener` all that is known, and each change from now on, with a lock held: it must return soon and not call
  // this object. An empty one ends that; when this returns, the one before is not called any more.
  void SetListener(Listener listener) EXCLUDES(mu_);

  // These look at the models anew.
  bool IsReady() EXCLUDES(mu_);
  // False for a model that is not configured.
  bool IsReady(const std::string& model) EXCLUDES(mu_);

  struct Count {
    bool is_ready = false;
    int models = 0;
    // Models of them without an available version.
    int lacking = 0;
  };
  // Counts the models that the server's readiness depends on.
  Count CountModels() EXCLUDES(mu_);
  // Counts one model, whether or not the server's readiness depends on it. Absent if it is not configured.
  absl::optional<Count> CountModel(const std::string& model) EXCLUDES(mu_);

  // Returns whether SetStopping was called.
  bool IsStopping() const EXCLUDES(mu_);

 private:
  bool IsServerReady() const REQUIRES(mu_);
  // Returns whether the server's readiness depends on a model, which must be configured.
  bool IsCounted(const std::string& model) const REQUIRES(mu_) {
    return counts_all_models_ || start_->count(model) > 0;
  }
  // Looks whether a configured model has an available version.
  void Look(const std::string& model) REQUIRES(mu_);
  void LookAtAll() REQUIRES(mu_);
  // Tells the listener what has changed of a model, or of the server if the name is empty.
  void Tell(const std::string& model, bool ready) REQUIRES(mu_);
  void TellAll() REQUIRES(mu_);

  const Manager* const manager_;
  const bool counts_all_models_;
  mutable Mutex mu_;
  Listener listener_ GUARDED_BY(mu_);
  // What the listener was told last.
  std::map<std::string, bool> told_ GUARDED_BY(mu_);
  // The configured models, and whether each has an available version.
  std::map<std::string, bool> available_ GUARDED_BY(mu_);
  // The models of the start that have been configured ever since; absent before SetModels.
  absl::optional<std::set<std::string>> start_ GUARDED_BY(mu_);
  bool loaded_ GUARDED_BY(mu_) = false;
  bool stopping_ GUARDED_BY(mu_) = false;
};

}  // namespace trilho

#endif  // TRILHO_CPP_SERVER_SERVER_READINESS_H_

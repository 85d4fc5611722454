// The models of a server, whatever fronts it has.

#ifndef TRILHO_CPP_SERVER_SERVER_SERVER_CORE_H_
#define TRILHO_CPP_SERVER_SERVER_SERVER_CORE_H_

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "cpp_server/core/manager.h"
#include "cpp_server/inference/first_loads.h"
#include "cpp_server/inference/predictor.h"
#include "cpp_server/lifecycle/model_lifecycle.h"
#include "cpp_server/server/label_table.h"
#include "cpp_server/server/management_service.h"
#include "cpp_server/server/model_configuration.h"
#include "cpp_server/server/readiness.h"
#include "cpp_server/server/reload_worker.h"

namespace trilho {

// Watches and loads models and changes which they are. Thread-safe.
//
// Its parts are destroyed in the opposite order: first the worker, so that nobody changes anything; then the models,
// which are unloaded.
class ServerCore {
 public:
  struct Options {
    WatchOptions watch;
    ManagerOptions manager;
    // See ModelConfiguration.
    ModelConfiguration::Options configuration;
    FirstLoads::Options first_loads;
    // See Readiness.
    bool readiness_of_all_models = false;
    // Gets every configuration first and may refuse it; may be empty.
    std::function<absl::Status(const std::vector<ModelSettings>&)> on_configuration;
  };

  // For the models that `config` names, none of which is loaded yet.
  // INVALID_ARGUMENT for a configuration that cannot be.
  static absl::StatusOr<std::unique_ptr<ServerCore>> Create(Options options,
                                                            const tensorflow::serving::ModelServerConfig& config);
  ~ServerCore();
  ServerCore(const ServerCore&) = delete;
  ServerCore& operator=(const ServerCore&) = delete;

  const Manager& manager() const { return lifecycle_.manager(); }
  const Predictor& predictor() const { return predictor_; }
  const LabelTable& labels() const { return labels_; }
  ModelConfiguration* configuration() { return &configuration_; }
  Readiness* readiness() { return readiness_.get(); }
  // Keeps the calls of models whose first load is under way.
  FirstLoads* first_loads() { return &first_loads_; }

  // Begins to look for versions and to load them. Called once.
  // RESOURCE_EXHAUSTED if there are no threads for it.
  absl::Status BeginLoading();

  // Those that are configured.
  std::vector<std::string> Names() const;
  bool IsConfigured(absl::string_view model) const;

  // Waits until every model that is configured then has what its folder offers, or a reason
  // why not. CANCELLED once `stop`, asked now and then, says so.
  absl::Status WaitUntilLoaded(const std::function<bool()>& stop);

  // Makes a change on another thread, waits for the models it adds and calls
  // `done` once: UNKNOWN, with TF Serving's message, if one of them did not
  // become available. Changes are made one after another; they do not wait for
  // each other's models.
  void Change(ConfigurationChange change, std::function<void(absl::Status)> done);

  // Tries `versions` of a model again on another thread, or all that have failed if it is empty, and has its folder
  // looked at anew; calls `done` once when they are available or have failed again. NOT_FOUND, FAILED_PRECONDITION or
  // UNKNOWN as ModelManagementService.RetryModel.
  void Retry(const std::string& model, const std::set<int64_t>& versions, std::function<void(absl::Status)> done);

  // Returns what ModelManagementService works on; it must not outlive the core.
  ManagedServer Managed();

  // Models, versions, states and reasons as a table.
  std::string Table() const;

  // Ends waits for models that are added, and those of calls. To be called before
  // the fronts are stopped.
  void BeginShutdown();

 private:
  using Clock = std::chrono::steady_clock;

  explicit ServerCore(Options options);

  // Puts a configuration in force, or leaves the one before in force. For one caller at a time.
  absl::Status Apply(const std::vector<ModelSettings>& settings);
  // True if all of `models`, which are waited for since `begin`, are settled. Who is not configured any more is not
  // waited for.
  bool AreSettled(const std::vector<std::string>& models, Clock::time_point begin) const;
  // OK if each has an available version.
  absl::Status CheckAvailable(const std::vector<std::string>& models) const;
  // Begins to try `versions` again, which it sets if it is empty.
  absl::Status BeginRetry(const std::string& model, std::set<int64_t>* versions);
  // Says which of `versions` of a model are not available; OK if all are.
  absl::Status CheckRetried(const std::string& model, const std::set<int64_t>& versions) const;
  // Warns of labels that stand for versions which are not available.
  void LogWaitingLabels() const;
  ModelLifecycle::Options LifecycleOptions();
  ModelConfiguration::Options ConfigurationOptions();

  const Options options_;
  // These are told of changes by the lifecycle's threads, and look at its models. The second one is made after it.
  FirstLoads first_loads_;
  std::unique_ptr<Readiness> readiness_;
  ModelLifecycle lifecycle_;
  LabelTable labels_;
  Predictor predictor_;
  ModelConfiguration configuration_;
  ReloadWorker worker_;
};

}  // namespace trilho

#endif  // TRILHO_CPP_SERVER_SERVER_SERVER_CORE_H_

// Which models are configured, and how that is changed while they serve.

#ifndef TRILHO_CPP_SERVER_SERVER_MODEL_CONFIGURATION_H_
#define TRILHO_CPP_SERVER_SERVER_MODEL_CONFIGURATION_H_

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/types/optional.h"
#include "cpp_server/config/model_config.h"
#include "cpp_server/config/saved_configuration.h"
#include "cpp_server/core/mutex.h"
#include "tensorflow_serving/config/model_server_config.pb.h"

namespace trilho {

// Holds the configuration in force. A new one is checked as a whole before
// anything of it is applied, so that a bad one changes nothing.
//
// Thread-safe; changes are applied one after another. Who only reads waits for none of them, nor for the disk that one
// of them waits for.
class ModelConfiguration {
 public:
  using Apply = std::function<absl::Status(const std::vector<ModelSettings>&)>;

  struct Snapshot {
    tensorflow::serving::ModelServerConfig config;
    // Counts the configurations that were applied, from 1.
    uint64_t generation = 0;
  };

  struct Options {
    // Keeps every configuration for the next start; none if empty.
    std::string state_file;
    // Of the configuration before the first one.
    uint64_t generation = 0;
    // See SavedConfiguration.
    std::string given;
    // Asked before callers change the configuration; may be empty.
    std::function<absl::Status(const tensorflow::serving::ModelServerConfig& before,
                               const tensorflow::serving::ModelServerConfig& wanted)>
        permit;
    // What flags and files name, of which `given` is the digest.
    tensorflow::serving::ModelServerConfig given_models;
    // Asked at each look where the base path of a model leads that is in no flag and no file, but comes from a caller;
    // see ModelRoots::Resolve. May be empty.
    std::function<absl::StatusOr<std::string>(const std::string& model, const std::string& base_path)> resolve;
    // Told the models of every configuration once it is in force, before the change returns; may be empty. Must return
    // soon.
    std::function<void(const std::vector<std::string>& models)> in_force;
  };

  // `apply` is given every configuration that is well-formed, may refuse it and
  // must then have changed nothing; it must return soon.
  explicit ModelConfiguration(Apply apply) : ModelConfiguration(std::move(apply), Options()) {}
  ModelConfiguration(Apply apply, const Options& options);

  // Takes the first configuration, of which `given` in the options tells. INVALID_ARGUMENT, with TF Serving's message,
  // for one that cannot be; UNAVAILABLE for one that cannot be kept.
  absl::Status Begin(const tensorflow::serving::ModelServerConfig& config) EXCLUDES(change_mu_);

  // By a caller: besides, what Options::permit says. `added`, if not null, gets the names that were not there before.
  absl::Status Set(const tensorflow::serving::ModelServerConfig& config, std::vector<std::string>* added)
      EXCLUDES(change_mu_);

  // By a caller: changes the configuration in force by `edit`, which may refuse; nothing
  // comes in between. ABORTED if `expected_generation` is not 0 and not the one
  // in force.
  absl::Status Edit(uint64_t expected_generation,
                    const std::function<absl::Status(tensorflow::serving::ModelServerConfig*)>& edit,
                    std::vector<std::string>* added) EXCLUDES(change_mu_);

  // As Begin; besides, it is what flags or files give from now on.
  absl::Status SetGiven(const tensorflow::serving::ModelServerConfig& config, std::vector<std::string>* added)
      EXCLUDES(change_mu_);

  // That in force; never null.
  std::shared_ptr<const Snapshot> Get() const EXCLUDES(mu_);

 private:
  absl::Status SetLocked(const tensorflow::serving::ModelServerConfig& config, const std::string& given,
                         std::vector<std::string>* added) REQUIRES(change_mu_);

  // Asks the file system, which may take its time.
  absl::Status Permit(const tensorflow::serving::ModelServerConfig& wanted) const REQUIRES(change_mu_);

  // Has the base paths that come from callers resolved at each look.
  void Confine(const tensorflow::serving::ModelServerConfig& config, std::vector<ModelSettings>* settings) const
      REQUIRES(change_mu_);

  const Apply apply_;
  const decltype(Options::permit) permit_;
  const decltype(Options::resolve) resolve_;
  const decltype(Options::in_force) in_force_;
  // Held by a change from its beginning to its end.
  mutable Mutex change_mu_ ACQUIRED_BEFORE(mu_);
  absl::optional<ConfigurationFile> file_ GUARDED_BY(change_mu_);
  std::string given_ GUARDED_BY(change_mu_);
  // By name.
  std::map<std::string, std::string> given_paths_ GUARDED_BY(change_mu_);
  // Held for a moment.
  mutable Mutex mu_;
  std::shared_ptr<const Snapshot> current_ GUARDED_BY(mu_);
};

}  // namespace trilho

#endif  // TRILHO_CPP_SERVER_SERVER_MODEL_CONFIGURATION_H_

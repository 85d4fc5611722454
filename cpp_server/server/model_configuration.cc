#include "cpp_server/server/model_configuration.h"

#include <map>
#include <memory>
#include <set>
#include <utility>

#include "absl/strings/str_cat.h"
#include "cpp_server/logging/log.h"

namespace trilho {

using tensorflow::serving::ModelConfig;
using tensorflow::serving::ModelServerConfig;

namespace {

// The base path of each model.
std::map<std::string, std::string> PathsOf(const ModelServerConfig& config) {
  std::map<std::string, std::string> paths;
  for (const ModelConfig& model : config.model_config_list().config()) paths[model.name()] = model.base_path();
  return paths;
}

}  // namespace

ModelConfiguration::ModelConfiguration(Apply apply, const Options& options)
    : apply_(std::move(apply)),
      permit_(options.permit),
      resolve_(options.resolve),
      in_force_(options.in_force),
      file_(options.state_file.empty() ? absl::nullopt : absl::make_optional<ConfigurationFile>(options.state_file)),
      given_(options.given),
      given_paths_(PathsOf(options.given_models)) {
  auto first = std::make_shared<Snapshot>();
  first->generation = options.generation;
  current_ = std::move(first);
}

absl::Status ModelConfiguration::Begin(const ModelServerConfig& config) {
  MutexLock change(&change_mu_);
  return SetLocked(config, given_, nullptr);
}

absl::Status ModelConfiguration::Permit(const ModelServerConfig& wanted) const {
  return permit_ ? permit_(Get()->config, wanted) : absl::OkStatus();
}

absl::Status ModelConfiguration::Set(const ModelServerConfig& config, std::vector<std::string>* added) {
  MutexLock change(&change_mu_);
  absl::Status permitted = Permit(config);
  if (!permitted.ok()) return permitted;
  return SetLocked(config, given_, added);
}

absl::Status ModelConfiguration::SetGiven(const ModelServerConfig& config, std::vector<std::string>* added) {
  MutexLock change(&change_mu_);
  const auto before = std::exchange(given_paths_, PathsOf(config));
  absl::Status set = SetLocked(config, DigestOf(config), added);
  if (!set.ok()) given_paths_ = before;
  return set;
}

void ModelConfiguration::Confine(const ModelServerConfig& config, std::vector<ModelSettings>* settings) const {
  if (!resolve_) return;
  const std::map<std::string, std::string> paths = PathsOf(config);
  for (ModelSettings& model : *settings) {
    const std::string& name = model.location.name;
    const auto given = given_paths_.find(name);
    if (given != given_paths_.end() && given->second == paths.at(name)) continue;
    model.location.resolve = [resolve = resolve_, name](const std::string& path) { return resolve(name, path); };
  }
}

absl::Status ModelConfiguration::Edit(uint64_t expected_generation,
                                      const std::function<absl::Status(ModelServerConfig*)>& edit,
                                      std::vector<std::string>* added) {
  MutexLock change(&change_mu_);
  const std::shared_ptr<const Snapshot> before = Get();
  if (expected_generation != 0 && expected_generation != before->generation) {
    return absl::AbortedError(absl::StrCat("the configuration is of generation ", before->generation, ", not ",
                                           expected_generation, ": somebody has changed it meanwhile"));
  }
  ModelServerConfig config = before->config;
  absl::Status edited = edit(&config);
  if (edited.ok()) edited = Permit(config);
  if (!edited.ok()) return edited;
  return SetLocked(config, given_, added);
}

std::shared_ptr<const ModelConfiguration::Snapshot> ModelConfiguration::Get() const {
  MutexLock lock(&mu_);
  return current_;
}

absl::Status ModelConfiguration::SetLocked(const ModelServerConfig& config, const std::string& given,
                                           std::vector<std::string>* added) {
  const std::shared_ptr<const Snapshot> before = Get();
  // First: any other platform than before is one that cannot be served.
  absl::Status platforms = CheckPlatformsUnchanged(before->config, config);
  if (!platforms.ok()) return platforms;
  auto settings = ModelSettingsOf(config);
  if (!settings.ok()) return settings.status();
  Confine(config, &*settings);
  std::set<std::string> known;
  for (const ModelConfig& model : before->config.model_config_list().config()) known.insert(model.name());
  if (file_) {
    absl::Status staged = file_->Stage({config, before->generation + 1, given});
    if (!staged.ok()) return staged;
  }
  absl::Status applied = apply_(*settings);
  if (!applied.ok()) {
    if (file_) file_->Discard();
    return applied;
  }
  auto now = std::make_shared<Snapshot>();
  now->config = config;
  now->generation = before->generation + 1;
  {
    MutexLock lock(&mu_);
    current_ = std::move(now);
  }
  given_ = given;
  if (in_force_) {
    std::vector<std::string> names;
    for (const ModelSettings& model : *settings) names.push_back(model.location.name);
    in_force_(names);
  }
  if (file_) {
    const absl::Status kept = file_->Commit();
    if (!kept.ok())
      Log(Severity::kError, absl::StrCat(kept.message(), "; the configuration is in force, but not kept"));
  }
  if (added != nullptr) {
    added->clear();
    for (const ModelSettings& model : *settings) {
      if (known.count(model.location.name) == 0) added->push_back(model.location.name);
    }
  }
  return absl::OkStatus();
}

}  // namespace trilho

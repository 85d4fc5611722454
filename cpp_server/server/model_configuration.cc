#include "cpp_server/server/model_configuration.h"

#include <map>
#include <set>
#include <utility>

#include "absl/strings/str_cat.h"
#include "cpp_server/logging/log.h"

namespace trilho {

using tensorflow::serving::ModelConfig;
using tensorflow::serving::ModelServerConfig;

ModelConfiguration::ModelConfiguration(Apply apply, const Options& options)
    : apply_(std::move(apply)),
      permit_(options.permit),
      file_(options.state_file.empty() ? absl::nullopt : absl::make_optional<ConfigurationFile>(options.state_file)),
      given_(options.given) {
  current_.generation = options.generation;
}

absl::Status ModelConfiguration::Begin(const ModelServerConfig& config) {
  MutexLock lock(&mu_);
  return SetLocked(config, given_, nullptr);
}

absl::Status ModelConfiguration::Permit(const ModelServerConfig& wanted) const {
  return permit_ ? permit_(current_.config, wanted) : absl::OkStatus();
}

absl::Status ModelConfiguration::Set(const ModelServerConfig& config, std::vector<std::string>* added) {
  MutexLock lock(&mu_);
  absl::Status permitted = Permit(config);
  if (!permitted.ok()) return permitted;
  return SetLocked(config, given_, added);
}

absl::Status ModelConfiguration::SetGiven(const ModelServerConfig& config, std::vector<std::string>* added) {
  MutexLock lock(&mu_);
  return SetLocked(config, DigestOf(config), added);
}

absl::Status ModelConfiguration::Edit(uint64_t expected_generation,
                                      const std::function<absl::Status(ModelServerConfig*)>& edit,
                                      std::vector<std::string>* added) {
  MutexLock lock(&mu_);
  if (expected_generation != 0 && expected_generation != current_.generation) {
    return absl::AbortedError(absl::StrCat("the configuration is of generation ", current_.generation, ", not ",
                                           expected_generation, ": somebody has changed it meanwhile"));
  }
  ModelServerConfig config = current_.config;
  absl::Status edited = edit(&config);
  if (edited.ok()) edited = Permit(config);
  if (!edited.ok()) return edited;
  return SetLocked(config, given_, added);
}

ModelConfiguration::Snapshot ModelConfiguration::Get() const {
  MutexLock lock(&mu_);
  return current_;
}

absl::Status ModelConfiguration::SetLocked(const ModelServerConfig& config, const std::string& given,
                                           std::vector<std::string>* added) {
  auto settings = ModelSettingsOf(config);
  if (!settings.ok()) return settings.status();
  absl::Status platforms = CheckPlatformsUnchanged(current_.config, config);
  if (!platforms.ok()) return platforms;
  std::set<std::string> before;
  for (const ModelConfig& model : current_.config.model_config_list().config()) before.insert(model.name());
  if (file_) {
    absl::Status staged = file_->Stage({config, current_.generation + 1, given});
    if (!staged.ok()) return staged;
  }
  absl::Status applied = apply_(*settings);
  if (!applied.ok()) {
    if (file_) file_->Discard();
    return applied;
  }
  current_.config = config;
  ++current_.generation;
  given_ = given;
  if (file_) {
    const absl::Status kept = file_->Commit();
    if (!kept.ok())
      Log(Severity::kError, absl::StrCat(kept.message(), "; the configuration is in force, but not kept"));
  }
  if (added != nullptr) {
    added->clear();
    for (const ModelSettings& model : *settings) {
      if (before.count(model.location.name) == 0) added->push_back(model.location.name);
    }
  }
  return absl::OkStatus();
}

}  // namespace trilho

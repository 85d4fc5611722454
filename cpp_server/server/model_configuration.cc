#include "cpp_server/server/model_configuration.h"

#include <map>
#include <set>
#include <utility>

#include "absl/strings/str_cat.h"

namespace trilho {

using tensorflow::serving::ModelConfig;
using tensorflow::serving::ModelServerConfig;

absl::Status ModelConfiguration::Set(const ModelServerConfig& config, std::vector<std::string>* added) {
  MutexLock lock(&mu_);
  return SetLocked(config, added);
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
  if (!edited.ok()) return edited;
  return SetLocked(config, added);
}

ModelConfiguration::Snapshot ModelConfiguration::Get() const {
  MutexLock lock(&mu_);
  return current_;
}

absl::Status ModelConfiguration::SetLocked(const ModelServerConfig& config, std::vector<std::string>* added) {
  auto settings = ModelSettingsOf(config);
  if (!settings.ok()) return settings.status();
  absl::Status platforms = CheckPlatformsUnchanged(current_.config, config);
  if (!platforms.ok()) return platforms;
  std::set<std::string> before;
  for (const ModelConfig& model : current_.config.model_config_list().config()) before.insert(model.name());
  absl::Status applied = apply_(*settings);
  if (!applied.ok()) return applied;
  current_.config = config;
  ++current_.generation;
  if (added != nullptr) {
    added->clear();
    for (const ModelSettings& model : *settings) {
      if (before.count(model.location.name) == 0) added->push_back(model.location.name);
    }
  }
  return absl::OkStatus();
}

}  // namespace trilho

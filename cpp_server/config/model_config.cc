#include "cpp_server/config/model_config.h"

#include <algorithm>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <limits>
#include <set>
#include <system_error>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "cpp_server/config/model_roots.h"
#include "cpp_server/config/text_proto.h"

namespace trilho {
namespace {

namespace fs = std::filesystem;
using tensorflow::serving::ModelConfig;
using tensorflow::serving::ModelServerConfig;

constexpr char kTensorFlow[] = "tensorflow";

// The local folder that a base path names.
absl::StatusOr<std::string> FolderOf(const std::string& name, const std::string& path) {
  // With no host, as that would be another machine.
  constexpr char kFile[] = "file:///";
  if (absl::StartsWith(path, kFile)) return path.substr(sizeof(kFile) - 2);
  if (absl::StartsWith(path, "/")) return path;
  if (absl::StrContains(path, "://")) {
    return absl::InvalidArgumentError(
        absl::StrCat("model ", name, ": models are read from local folders only, not ", path));
  }
  return absl::InvalidArgumentError(
      absl::StrCat("Expected model ", name, " to have an absolute path or URI; got base_path()=", path));
}

ServableVersionPolicy PolicyOf(const ModelConfig& config) {
  const auto& policy = config.model_version_policy();
  if (policy.has_all()) return ServableVersionPolicy::All();
  if (policy.has_specific()) {
    return ServableVersionPolicy::Specific({policy.specific().versions().begin(), policy.specific().versions().end()});
  }
  // The field is unsigned: what is too large for an int means all, not one.
  constexpr uint32_t kMost = std::numeric_limits<int>::max();
  return ServableVersionPolicy::Latest(static_cast<int>(std::min(policy.latest().num_versions(), kMost)));
}

// Returns the platform, which is the only one there is unless somebody names
// another.
std::string PlatformOf(const ModelConfig& config) {
  return config.model_platform().empty() ? kTensorFlow : config.model_platform();
}

absl::Status CheckPlatform(const ModelConfig& config) {
  const std::string platform = PlatformOf(config);
  if (platform != kTensorFlow) {
    return absl::InvalidArgumentError(
        absl::StrCat("Model ", config.name(), " requests unsupported platform ", platform));
  }
  // NOLINTNEXTLINE(clang-diagnostic-deprecated-declarations): old configurations have it
  const int type = config.model_type();
  // TF Serving refuses a model that sets both fields, even if they agree.
  if (!config.model_platform().empty() || type == tensorflow::serving::MODEL_TYPE_UNSPECIFIED ||
      type == tensorflow::serving::TENSORFLOW) {
    return absl::OkStatus();
  }
  return absl::InvalidArgumentError(absl::StrCat("ModelServerConfig::model_type choice ", type,
                                                 " not supported. Model ", config.name(), " can have TENSORFLOW"));
}

absl::StatusOr<ModelSettings> SettingsOf(const ModelConfig& config) {
  if (config.name().empty()) return absl::InvalidArgumentError("a model in the config list has no name");
  const absl::Status platform = CheckPlatform(config);
  if (!platform.ok()) return platform;
  auto folder = FolderOf(config.name(), config.base_path());
  if (!folder.ok()) return folder.status();
  ModelSettings settings;
  settings.location.name = config.name();
  settings.location.base_path = *std::move(folder);
  settings.location.policy = PolicyOf(config);
  settings.labels = {config.version_labels().begin(), config.version_labels().end()};
  settings.has_logging = config.has_logging_config();
  settings.logging = config.logging_config();
  return settings;
}

// Calls `model` for each of them with its settings or what is wrong with it.
void ForEachModel(const ModelServerConfig& config, const std::function<void(absl::StatusOr<ModelSettings>)>& model) {
  if (config.has_custom_model_config()) {
    model(absl::InvalidArgumentError("custom_model_config is not supported, list models in model_config_list"));
    return;
  }
  std::set<std::string> names;
  for (const ModelConfig& listed : config.model_config_list().config()) {
    if (listed.name().empty() || names.insert(listed.name()).second) {
      model(SettingsOf(listed));
    } else {
      model(absl::InvalidArgumentError(
          absl::StrCat("Illegal to list model ", listed.name(), " multiple times in config list")));
    }
  }
}

// A log file in the folder of a version would change the version.
absl::Status CheckLogPrefixes(const std::vector<ModelSettings>& models) {
  for (const ModelSettings& logged : models) {
    const std::string& prefix = logged.logging.log_collector_config().filename_prefix();
    if (!absl::StartsWith(prefix, "/")) continue;  // none, or one that is refused for that
    std::error_code ignored;
    const fs::path folder = fs::weakly_canonical(fs::path(prefix).parent_path(), ignored);
    for (const ModelSettings& model : models) {
      const std::string& base_path = model.location.base_path;
      const fs::path base = fs::weakly_canonical(base_path, ignored);
      if (base.empty() || !LiesBelow(folder, base)) continue;
      return absl::InvalidArgumentError(
          absl::StrCat("model ", logged.location.name, ": logging_config.log_collector_config.filename_prefix is \"",
                       prefix, "\", which lies in the folder of model ", model.location.name, ", ", base_path,
                       ", where log files would change what is served; log to another folder"));
    }
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<ModelServerConfig> SingleModel(const std::string& name, const std::string& base_path) {
  if (base_path.empty()) {
    return absl::InvalidArgumentError("nothing to serve: give --model_base_path or --model_config_file");
  }
  if (name.empty()) return absl::InvalidArgumentError("--model_name is empty");
  ModelServerConfig config;
  ModelConfig* const model = config.mutable_model_config_list()->add_config();
  model->set_name(name);
  model->set_base_path(base_path);
  model->set_model_platform(kTensorFlow);
  const auto settings = ModelSettingsOf(config);
  if (!settings.ok()) return settings.status();
  return config;
}

absl::StatusOr<ModelServerConfig> ReadModelConfigFile(const std::string& path) {
  ModelServerConfig config;
  const absl::Status read = ReadTextProtoFile("--model_config_file", path, &config);
  if (!read.ok()) return read;
  const auto settings = ModelSettingsOf(config);
  if (!settings.ok()) return settings.status();
  return config;
}

absl::StatusOr<std::vector<ModelSettings>> ModelSettingsOf(const ModelServerConfig& config) {
  std::vector<ModelSettings> all;
  absl::Status first;
  ForEachModel(config, [&all, &first](absl::StatusOr<ModelSettings> settings) {
    if (!settings.ok()) {
      first.Update(settings.status());
      return;
    }
    all.push_back(*std::move(settings));
  });
  first.Update(CheckLogPrefixes(all));
  if (!first.ok()) return first;
  return all;
}

absl::Status CheckSaysSomething(const ModelServerConfig& config) {
  if (config.has_model_config_list()) return absl::OkStatus();
  return absl::InvalidArgumentError("there is no model_config_list; \"model_config_list {}\" removes every model");
}

std::vector<std::string> ModelConfigProblems(const ModelServerConfig& config) {
  std::vector<std::string> problems;
  std::vector<ModelSettings> all;
  ForEachModel(config, [&problems, &all](absl::StatusOr<ModelSettings> settings) {
    if (settings.ok()) {
      all.push_back(*std::move(settings));
    } else {
      problems.emplace_back(settings.status().message());
    }
  });
  const absl::Status prefixes = CheckLogPrefixes(all);
  if (!prefixes.ok()) problems.emplace_back(prefixes.message());
  return problems;
}

absl::Status CheckPlatformsUnchanged(const ModelServerConfig& before, const ModelServerConfig& after) {
  std::map<std::string, std::string> platforms;
  for (const ModelConfig& model : before.model_config_list().config()) platforms[model.name()] = PlatformOf(model);
  for (const ModelConfig& model : after.model_config_list().config()) {
    const auto known = platforms.find(model.name());
    if (known == platforms.end() || known->second == PlatformOf(model)) continue;
    return absl::InvalidArgumentError(absl::StrCat("Illegal to change a model's platform. For model ", model.name(),
                                                   " platform was ", known->second, " and new platform requested is ",
                                                   PlatformOf(model)));
  }
  return absl::OkStatus();
}

}  // namespace trilho

#include "cpp_server/request_log/logging_settings.h"

#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"

namespace trilho {
namespace {

using tensorflow::serving::LoggingConfig;

absl::Status Invalid(const std::string& model, absl::string_view field, absl::string_view what) {
  return absl::InvalidArgumentError(absl::StrCat("model ", model, ": logging_config.", field, " ", what));
}

absl::Status CheckPrefix(const std::string& model, const std::string& prefix) {
  constexpr char kField[] = "log_collector_config.filename_prefix";
  if (!absl::StartsWith(prefix, "/") || absl::EndsWith(prefix, "/")) {
    return Invalid(model, kField,
                   absl::StrCat("is \"", prefix, "\", but must be an absolute path that file names begin with"));
  }
  const std::string folder = std::filesystem::path(prefix).parent_path().string();
  std::error_code error;
  if (!std::filesystem::is_directory(folder, error)) {
    return Invalid(model, kField, absl::StrCat("is \"", prefix, "\", but there is no folder ", folder));
  }
  if (::access(folder.c_str(), W_OK | X_OK) != 0) {
    return Invalid(
        model, kField,
        absl::StrCat("is \"", prefix, "\", but no file can be made in ", folder, ": ", std::strerror(errno)));
  }
  return absl::OkStatus();
}

absl::StatusOr<LoggingSettings> SettingsOf(const std::string& model, const LoggingConfig& config) {
  if (config.has_custom_logging_config()) return Invalid(model, "custom_logging_config", "is not supported");
  const auto& sampling = config.sampling_config();
  if (sampling.per_task_sampling_configs_size() > 0) {
    return Invalid(model, "sampling_config.per_task_sampling_configs", "is not supported, give sampling_rate");
  }
  if (sampling.attributes() != 0) {
    return Invalid(model, "sampling_config.attributes",
                   absl::StrCat("is ", sampling.attributes(), ", but only 0, no attributes, is supported"));
  }
  if (!(sampling.sampling_rate() >= 0 && sampling.sampling_rate() <= 1)) {
    return Invalid(model, "sampling_config.sampling_rate",
                   absl::StrCat("is ", sampling.sampling_rate(), ", but must be from 0 to 1"));
  }
  const auto& collector = config.log_collector_config();
  if (!collector.type().empty()) {
    return Invalid(model, "log_collector_config.type",
                   absl::StrCat("is \"", collector.type(), "\", but only \"\", TFRecord files, is supported"));
  }
  LoggingSettings settings;
  settings.filename_prefix = collector.filename_prefix();
  settings.sampling_rate = sampling.sampling_rate();
  settings.sampling_config = sampling.SerializeAsString();
  if (settings.sampling_rate > 0 || !settings.filename_prefix.empty()) {
    const absl::Status prefix = CheckPrefix(model, settings.filename_prefix);
    if (!prefix.ok()) return prefix;
  }
  return settings;
}

}  // namespace

absl::StatusOr<std::map<std::string, LoggingSettings>> LoggingSettingsOf(
    const std::map<std::string, LoggingConfig>& models) {
  std::map<std::string, LoggingSettings> all;
  std::map<std::string, std::string> models_by_prefix;
  for (const auto& [model, config] : models) {
    auto settings = SettingsOf(model, config);
    if (!settings.ok()) return settings.status();
    const std::string& prefix = settings->filename_prefix;
    if (!prefix.empty()) {
      const auto [other, is_new] =
          models_by_prefix.emplace(std::filesystem::path(prefix).lexically_normal().string(), model);
      if (!is_new) {
        return Invalid(model, "log_collector_config.filename_prefix",
                       absl::StrCat("is \"", prefix, "\", which is that of model ", other->second, " too"));
      }
    }
    all.emplace(model, *std::move(settings));
  }
  return all;
}

}  // namespace trilho

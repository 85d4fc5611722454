#include "cpp_server/config/model_config.h"

#include <algorithm>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <limits>
#include <set>
#include <sstream>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "google/protobuf/io/tokenizer.h"
#include "google/protobuf/text_format.h"
#include "tensorflow_serving/config/model_server_config.pb.h"

namespace trilho {
namespace {

using tensorflow::serving::ModelConfig;
using tensorflow::serving::ModelServerConfig;

// Keeps the first error of a text proto, with its place.
class FirstError final : public google::protobuf::io::ErrorCollector {
 public:
  void AddError(int line, int column, const std::string& message) override {
    if (text_.empty()) text_ = absl::StrCat("line ", line + 1, ", column ", column + 1, ": ", message);
  }
  const std::string& text() const { return text_; }

 private:
  std::string text_;
};

absl::Status CheckPath(const std::string& name, const std::string& path) {
  if (absl::StartsWith(path, "/")) return absl::OkStatus();
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

absl::StatusOr<ModelLocation> LocationOf(const ModelConfig& config) {
  if (config.name().empty()) return absl::InvalidArgumentError("a model in the config list has no name");
  if (config.model_platform().empty()) {
    return absl::InvalidArgumentError(absl::StrCat(
        "Illegal setting neither ModelServerConfig::model_type (deprecated) nor ModelServerConfig::model_platform, "
        "model name is ",
        config.name()));
  }
  if (config.model_platform() != "tensorflow") {
    return absl::InvalidArgumentError(
        absl::StrCat("Model ", config.name(), " requests unsupported platform ", config.model_platform()));
  }
  const absl::Status path = CheckPath(config.name(), config.base_path());
  if (!path.ok()) return path;
  if (!config.version_labels().empty() || config.has_logging_config()) {
    return absl::UnimplementedError(
        absl::StrCat("model ", config.name(), ": version_labels and logging_config are not supported yet"));
  }
  ModelLocation location;
  location.name = config.name();
  location.base_path = config.base_path();
  location.policy = PolicyOf(config);
  return location;
}

}  // namespace

absl::StatusOr<std::vector<ModelLocation>> SingleModel(const std::string& name, const std::string& base_path) {
  if (base_path.empty()) {
    return absl::InvalidArgumentError("nothing to serve: give --model_base_path or --model_config_file");
  }
  if (name.empty()) return absl::InvalidArgumentError("--model_name is empty");
  const absl::Status path = CheckPath(name, base_path);
  if (!path.ok()) return path;
  ModelLocation location;
  location.name = name;
  location.base_path = base_path;
  return std::vector<ModelLocation>{location};
}

absl::StatusOr<std::vector<ModelLocation>> ReadModelConfigFile(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::stringstream text;
  text << file.rdbuf();
  // A folder can be opened, and read as if it were empty.
  if (!file || std::filesystem::is_directory(path)) {
    return absl::NotFoundError(absl::StrCat("--model_config_file: cannot read ", path));
  }

  ModelServerConfig config;
  FirstError error;
  google::protobuf::TextFormat::Parser parser;
  parser.RecordErrorsTo(&error);
  if (!parser.ParseFromString(text.str(), &config)) {
    return absl::InvalidArgumentError(absl::StrCat("Invalid protobuf file: '", path, "' (", error.text(), ")"));
  }
  if (config.has_custom_model_config()) {
    return absl::InvalidArgumentError(absl::StrCat(path,
                                                   ": custom_model_config is not supported, list models in "
                                                   "model_config_list"));
  }
  std::vector<ModelLocation> locations;
  std::set<std::string> names;
  for (const ModelConfig& model : config.model_config_list().config()) {
    auto location = LocationOf(model);
    if (!location.ok()) return location.status();
    if (!names.insert(location->name).second) {
      return absl::InvalidArgumentError(
          absl::StrCat("Illegal to list model ", location->name, " multiple times in config list"));
    }
    locations.push_back(*std::move(location));
  }
  if (locations.empty()) return absl::InvalidArgumentError(absl::StrCat(path, " lists no models"));
  return locations;
}

}  // namespace trilho

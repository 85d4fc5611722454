#include "cpp_server/server/config_file_poller.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "cpp_server/config/model_config.h"
#include "cpp_server/logging/log.h"
#include "google/protobuf/util/message_differencer.h"

namespace trilho {

ConfigFilePoller::ConfigFilePoller(const std::string& path, std::chrono::milliseconds wait,
                                   tensorflow::serving::ModelServerConfig taken, Take take)
    : path_(path), take_(std::move(take)), taken_(std::move(taken)), watcher_(path, wait, [this] { return Look(); }) {}

bool ConfigFilePoller::Look() {
  const auto config = ReadModelConfigFile(path_);
  absl::Status status = config.status();
  if (config.ok()) {
    const absl::Status says = CheckSaysSomething(*config);
    if (!says.ok())
      status = absl::InvalidArgumentError(absl::StrCat("--model_config_file: ", path_, ": ", says.message()));
  }
  // One that had none from the start may go on so.
  if (!status.ok() && !(config.ok() && !taken_.has_model_config_list())) {
    Complain(status);
    return true;
  }
  if (!google::protobuf::util::MessageDifferencer::Equals(*config, taken_)) {
    status = take_(*config);
    if (!status.ok()) {
      Complain(status);
      return false;
    }
    taken_ = *config;
  }
  problem_.clear();
  return true;
}

void ConfigFilePoller::Complain(const absl::Status& status) {
  const std::string problem(status.message());
  if (problem != problem_) Log(Severity::kError, absl::StrCat("the configuration stays as it was: ", problem));
  problem_ = problem;
}

}  // namespace trilho

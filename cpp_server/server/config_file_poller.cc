#include "cpp_server/server/config_file_poller.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "cpp_server/config/model_config.h"
#include "cpp_server/logging/log.h"
#include "google/protobuf/util/message_differencer.h"

namespace trilho {

ConfigFilePoller::ConfigFilePoller(std::string path, std::chrono::milliseconds wait,
                                   tensorflow::serving::ModelServerConfig known, Changed changed)
    : path_(std::move(path)), changed_(std::move(changed)), known_(std::move(known)) {
  watcher_.emplace(path_, wait, [this] { Look(); });
  // It may have changed while the models were loaded.
  Look();
}

void ConfigFilePoller::Look() {
  MutexLock lock(&mu_);
  const auto config = ReadModelConfigFile(path_);
  absl::Status status = config.status();
  if (config.ok()) {
    const absl::Status says = CheckSaysSomething(*config);
    if (!says.ok())
      status = absl::InvalidArgumentError(absl::StrCat("--model_config_file: ", path_, ": ", says.message()));
  }
  // One that had none from the start may go on so.
  if (!status.ok() && !(config.ok() && !known_.has_model_config_list())) {
    const std::string problem(status.message());
    if (problem != problem_) Log(Severity::kError, absl::StrCat("the configuration stays as it was: ", problem));
    problem_ = problem;
    return;
  }
  problem_.clear();
  if (google::protobuf::util::MessageDifferencer::Equals(*config, known_)) return;
  known_ = *config;
  changed_(*config);
}

}  // namespace trilho

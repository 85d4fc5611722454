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
  if (!config.ok()) {
    const std::string problem(config.status().message());
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

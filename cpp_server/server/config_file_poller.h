// Looks at a configuration file again and again.

#ifndef TRILHO_CPP_SERVER_SERVER_CONFIG_FILE_POLLER_H_
#define TRILHO_CPP_SERVER_SERVER_CONFIG_FILE_POLLER_H_

#include <chrono>
#include <functional>
#include <string>

#include "absl/types/optional.h"
#include "cpp_server/config/file_watcher.h"
#include "cpp_server/core/mutex.h"
#include "tensorflow_serving/config/model_server_config.pb.h"

namespace trilho {

// Tells of a configuration that is not the one it last read. A file that cannot
// be read, or is wrong, is logged once and changes nothing.
class ConfigFilePoller {
 public:
  // On the poller's thread, or within the constructor; must return soon.
  using Changed = std::function<void(const tensorflow::serving::ModelServerConfig&)>;

  // `known` is what the server was started with.
  ConfigFilePoller(std::string path, std::chrono::milliseconds wait, tensorflow::serving::ModelServerConfig known,
                   Changed changed);
  ConfigFilePoller(const ConfigFilePoller&) = delete;
  ConfigFilePoller& operator=(const ConfigFilePoller&) = delete;

 private:
  void Look() EXCLUDES(mu_);

  const std::string path_;
  const Changed changed_;

  // Held while a change is told, so that they come one after another.
  Mutex mu_;
  tensorflow::serving::ModelServerConfig known_ GUARDED_BY(mu_);
  std::string problem_ GUARDED_BY(mu_);
  // Last, as its thread uses the rest.
  absl::optional<FileWatcher> watcher_;
};

}  // namespace trilho

#endif  // TRILHO_CPP_SERVER_SERVER_CONFIG_FILE_POLLER_H_

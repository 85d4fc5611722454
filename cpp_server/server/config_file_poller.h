// Looks at a configuration file again and again.

#ifndef TRILHO_CPP_SERVER_SERVER_CONFIG_FILE_POLLER_H_
#define TRILHO_CPP_SERVER_SERVER_CONFIG_FILE_POLLER_H_

#include <chrono>
#include <functional>
#include <string>

#include "absl/types/optional.h"
#include "cpp_server/config/file_watcher.h"
#include "tensorflow_serving/config/model_server_config.pb.h"

namespace trilho {

// Tells of a configuration that is not the one it last read. A file that cannot
// be read, or is wrong, is logged once and changes nothing.
class ConfigFilePoller {
 public:
  // On the poller's thread; must return soon.
  using Changed = std::function<void(const tensorflow::serving::ModelServerConfig&)>;

  // What `path` holds now counts as known.
  ConfigFilePoller(std::string path, std::chrono::milliseconds wait, Changed changed);
  ConfigFilePoller(const ConfigFilePoller&) = delete;
  ConfigFilePoller& operator=(const ConfigFilePoller&) = delete;

 private:
  void Look();

  const std::string path_;
  const Changed changed_;

  // Used by the watcher's thread only, once it runs.
  tensorflow::serving::ModelServerConfig known_;
  std::string problem_;
  // Last, as its thread uses the rest.
  absl::optional<FileWatcher> watcher_;
};

}  // namespace trilho

#endif  // TRILHO_CPP_SERVER_SERVER_CONFIG_FILE_POLLER_H_

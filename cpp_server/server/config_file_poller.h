// Looks at a configuration file again and again.

#ifndef TRILHO_CPP_SERVER_SERVER_CONFIG_FILE_POLLER_H_
#define TRILHO_CPP_SERVER_SERVER_CONFIG_FILE_POLLER_H_

#include <chrono>
#include <functional>
#include <string>

#include "absl/status/status.h"
#include "cpp_server/config/file_watcher.h"
#include "tensorflow_serving/config/model_server_config.pb.h"

namespace trilho {

// Tells of a configuration that is not the one that was last taken, and again until it is. A file that cannot be read,
// or is wrong, is logged once and changes nothing.
class ConfigFilePoller {
 public:
  // Takes a configuration; an error, which is logged once, says that it was not. On the poller's thread; must return
  // soon, as the destructor waits for it.
  using Take = std::function<absl::Status(const tensorflow::serving::ModelServerConfig&)>;

  // `taken` is what the server was started with, so that what the file became in between is not missed.
  ConfigFilePoller(const std::string& path, std::chrono::milliseconds wait,
                   tensorflow::serving::ModelServerConfig taken, Take take);
  ConfigFilePoller(const ConfigFilePoller&) = delete;
  ConfigFilePoller& operator=(const ConfigFilePoller&) = delete;

  // See FileWatcher.
  absl::Status status() const { return watcher_.status(); }

 private:
  // False if the same file may be taken later.
  bool Look();
  void Complain(const absl::Status& status);

  const std::string path_;
  const Take take_;
  // Used by the watcher's thread only.
  tensorflow::serving::ModelServerConfig taken_;
  std::string problem_;
  // Last, as its thread uses the rest.
  FileWatcher watcher_;
};

}  // namespace trilho

#endif  // TRILHO_CPP_SERVER_SERVER_CONFIG_FILE_POLLER_H_

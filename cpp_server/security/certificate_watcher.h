// Takes the keys and certificates that --ssl_config_file comes to have while the server runs.

#ifndef TRILHO_CPP_SERVER_SECURITY_CERTIFICATE_WATCHER_H_
#define TRILHO_CPP_SERVER_SECURITY_CERTIFICATE_WATCHER_H_

#include <chrono>
#include <functional>
#include <string>

#include "absl/status/status.h"
#include "cpp_server/config/file_watcher.h"
#include "tensorflow_serving/config/ssl_config.pb.h"

namespace trilho {

// A file that is wrong, or whose configuration `take` refuses, is logged once and leaves in force what was.
class CertificateWatcher {
 public:
  // Puts a configuration in force, one that ReadSslConfigFile has found well-formed. On the watcher's thread; must
  // return soon, as the destructor waits for it.
  using Take = std::function<absl::Status(const tensorflow::serving::SSLConfig&)>;

  // `in_force` is what the server was started with, so that what the file became in between is not missed.
  CertificateWatcher(const std::string& path, std::chrono::milliseconds period, tensorflow::serving::SSLConfig in_force,
                     Take take);
  CertificateWatcher(const CertificateWatcher&) = delete;
  CertificateWatcher& operator=(const CertificateWatcher&) = delete;

 private:
  void Reread();
  absl::Status Try();

  const std::string path_;
  const Take take_;
  // Used by the watcher's thread only.
  tensorflow::serving::SSLConfig in_force_;
  // Last, as its thread uses the rest.
  FileWatcher watcher_;
};

}  // namespace trilho

#endif  // TRILHO_CPP_SERVER_SECURITY_CERTIFICATE_WATCHER_H_

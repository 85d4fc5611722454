// Takes the keys and certificates that a file of SSLConfig comes to have while the server runs.

#ifndef TRILHO_CPP_SERVER_SECURITY_CERTIFICATE_WATCHER_H_
#define TRILHO_CPP_SERVER_SECURITY_CERTIFICATE_WATCHER_H_

#include <chrono>
#include <functional>
#include <string>

#include "absl/status/status.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "cpp_server/config/file_watcher.h"
#include "cpp_server/security/certificate_dates.h"
#include "tensorflow_serving/config/ssl_config.pb.h"

namespace trilho {

// A file that is wrong, or whose configuration `take` refuses, is logged once and leaves in force what was. So does one
// whose own certificate has expired, as long as the one in force has not.
//
// Logs once, too, that the certificate in force ends soon, has expired or is not valid yet.
class CertificateWatcher {
 public:
  // Puts a configuration in force, one that ReadSslConfigFile has found well-formed. On the watcher's thread; must
  // return soon, as the destructor waits for it.
  using Take = std::function<absl::Status(const tensorflow::serving::SSLConfig&)>;

  struct Options {
    // Names the file in errors.
    std::string flag;
    std::string path;
    std::chrono::milliseconds period = std::chrono::seconds(1);
    // For tests; the system's clock if empty.
    std::function<absl::Time()> now;
  };

  // `in_force` is what the server was started with, so that what the file became in between is not missed.
  CertificateWatcher(Options options, tensorflow::serving::SSLConfig in_force, Take take);
  CertificateWatcher(const CertificateWatcher&) = delete;
  CertificateWatcher& operator=(const CertificateWatcher&) = delete;

  // See FileWatcher.
  absl::Status status() const { return watcher_.status(); }

 private:
  void Reread();
  absl::Status Try();
  absl::Time Now() const { return options_.now ? options_.now() : absl::Now(); }
  // Logs what has changed about the validity of the certificate in force.
  void CheckDates();

  const Options options_;
  const Take take_;
  // Used by the watcher's thread only, once it runs.
  tensorflow::serving::SSLConfig in_force_;
  CertificateDates dates_;
  CertificateValidity validity_ = CertificateValidity::kValid;
  // Last, as its thread uses the rest.
  FileWatcher watcher_;
};

}  // namespace trilho

#endif  // TRILHO_CPP_SERVER_SECURITY_CERTIFICATE_WATCHER_H_

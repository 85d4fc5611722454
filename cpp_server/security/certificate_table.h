// Which certificates ports show at the moment.

#ifndef TRILHO_CPP_SERVER_SECURITY_CERTIFICATE_TABLE_H_
#define TRILHO_CPP_SERVER_SECURITY_CERTIFICATE_TABLE_H_

#include <map>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "cpp_server/core/mutex.h"
#include "cpp_server/security/certificate_dates.h"

namespace trilho {

// Thread-safe.
class CertificateTable {
 public:
  // `port` is "grpc", "rest" or "management".
  void Set(const std::string& port, const CertificateDates& dates) EXCLUDES(mu_);

  std::map<std::string, CertificateDates> Get() const EXCLUDES(mu_);

  // Returns a sentence for each port whose certificate does not hold at `now`, or ends soon after it.
  std::vector<std::string> Warnings(absl::Time now) const EXCLUDES(mu_);

 private:
  mutable Mutex mu_;
  std::map<std::string, CertificateDates> dates_ GUARDED_BY(mu_);
};

}  // namespace trilho

#endif  // TRILHO_CPP_SERVER_SECURITY_CERTIFICATE_TABLE_H_

#include "cpp_server/security/certificate_table.h"

#include "absl/strings/str_cat.h"

namespace trilho {

void CertificateTable::Set(const std::string& port, const CertificateDates& dates) {
  MutexLock lock(&mu_);
  dates_[port] = dates;
}

std::map<std::string, CertificateDates> CertificateTable::Get() const {
  MutexLock lock(&mu_);
  return dates_;
}

std::vector<std::string> CertificateTable::Warnings(absl::Time now) const {
  std::vector<std::string> warnings;
  for (const auto& [port, dates] : Get()) {
    if (ValidityAt(dates, now) == CertificateValidity::kValid) continue;
    warnings.push_back(absl::StrCat("the certificate of the port \"", port, "\" ", DescribeDates(dates, now)));
  }
  return warnings;
}

}  // namespace trilho

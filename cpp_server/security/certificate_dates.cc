#include "cpp_server/security/certificate_dates.h"

#include <openssl/asn1.h>
#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include <algorithm>
#include <cstdint>
#include <ctime>
#include <memory>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"

namespace trilho {
namespace {

struct FreeCertificate {
  void operator()(X509* certificate) const { X509_free(certificate); }
};
struct FreeBio {
  void operator()(BIO* bio) const { BIO_free(bio); }
};

// OpenSSL would ask the terminal otherwise.
int NoPassword(char* /*buffer*/, int /*size*/, int /*for_writing*/, void* /*data*/) { return -1; }

// Returns `otherwise` for a time that is malformed, which OpenSSL refuses in a handshake.
absl::Time TimeOf(const ASN1_TIME* time, absl::Time otherwise) {
  std::tm parts = {};
  if (time == nullptr || ASN1_TIME_to_tm(time, &parts) != 1) return otherwise;
  return absl::FromTM(parts, absl::UTCTimeZone());
}

// Returns e.g. "3 days" or "1 hour", rounded down.
std::string Rough(absl::Duration time) {
  const struct {
    absl::Duration unit;
    absl::string_view name;
  } units[] = {{absl::Hours(24), "day"}, {absl::Hours(1), "hour"}, {absl::Minutes(1), "minute"}};
  for (const auto& [unit, name] : units) {
    const int64_t count = time / unit;
    if (count > 0) return absl::StrCat(count, " ", name, count == 1 ? "" : "s");
  }
  return "less than a minute";
}

std::string Date(absl::Time time) { return absl::FormatTime("%Y-%m-%dT%H:%M:%SZ", time, absl::UTCTimeZone()); }

absl::StatusOr<CertificateDates> DatesOf(const std::string& pem, bool only_first) {
  const std::unique_ptr<BIO, FreeBio> reader(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
  CertificateDates dates;
  bool any = false;
  while (!any || !only_first) {
    const std::unique_ptr<X509, FreeCertificate> certificate(
        PEM_read_bio_X509(reader.get(), nullptr, NoPassword, nullptr));
    if (certificate == nullptr) break;
    any = true;
    dates.not_before =
        std::max(dates.not_before, TimeOf(X509_get0_notBefore(certificate.get()), absl::InfiniteFuture()));
    dates.not_after = std::min(dates.not_after, TimeOf(X509_get0_notAfter(certificate.get()), absl::InfinitePast()));
  }
  // The end of the text is an error to OpenSSL.
  ERR_clear_error();
  if (!any) return absl::InvalidArgumentError("there is no certificate in PEM");
  return dates;
}

}  // namespace

absl::StatusOr<CertificateDates> DatesOfChain(const std::string& pem) { return DatesOf(pem, /*only_first=*/false); }

absl::StatusOr<CertificateDates> DatesOfFirst(const std::string& pem) { return DatesOf(pem, /*only_first=*/true); }

CertificateValidity ValidityAt(const CertificateDates& dates, absl::Time now) {
  if (now > dates.not_after) return CertificateValidity::kExpired;
  if (now < dates.not_before) return CertificateValidity::kNotYetValid;
  return dates.not_after - now <= kCertificateWarningTime ? CertificateValidity::kEndsSoon
                                                          : CertificateValidity::kValid;
}

std::string DescribeDates(const CertificateDates& dates, absl::Time now) {
  switch (ValidityAt(dates, now)) {
    case CertificateValidity::kExpired:
      return absl::StrCat("expired on ", Date(dates.not_after), ", ", Rough(now - dates.not_after), " ago");
    case CertificateValidity::kNotYetValid:
      return absl::StrCat("is not valid before ", Date(dates.not_before), ", in ", Rough(dates.not_before - now));
    case CertificateValidity::kEndsSoon:
    case CertificateValidity::kValid:
      break;
  }
  return absl::StrCat("expires on ", Date(dates.not_after), ", in ", Rough(dates.not_after - now));
}

}  // namespace trilho

// From when to when certificates hold.

#ifndef TRILHO_CPP_SERVER_SECURITY_CERTIFICATE_DATES_H_
#define TRILHO_CPP_SERVER_SECURITY_CERTIFICATE_DATES_H_

#include <string>

#include "absl/status/statusor.h"
#include "absl/time/time.h"

namespace trilho {

// Both ends belong to it.
struct CertificateDates {
  absl::Time not_before = absl::InfinitePast();
  absl::Time not_after = absl::InfiniteFuture();
};

// Returns when all certificates of a chain in PEM hold, so that clients take it. INVALID_ARGUMENT if there is none in
// it. Thread-safe.
absl::StatusOr<CertificateDates> DatesOfChain(const std::string& pem);

// The same of its first certificate, the server's own. Clients may know another way to it than one that has expired.
absl::StatusOr<CertificateDates> DatesOfFirst(const std::string& pem);

enum class CertificateValidity {
  kValid,
  // Ends within kCertificateWarningTime.
  kEndsSoon,
  kExpired,
  kNotYetValid,
};

constexpr absl::Duration kCertificateWarningTime = absl::Hours(7 * 24);

CertificateValidity ValidityAt(const CertificateDates& dates, absl::Time now);

// Returns e.g. "expired on 2026-01-31T12:00:00Z, 3 days ago" or "expires on 2026-02-28T12:00:00Z, in 25 days", to
// follow the name of a certificate.
std::string DescribeDates(const CertificateDates& dates, absl::Time now);

}  // namespace trilho

#endif  // TRILHO_CPP_SERVER_SECURITY_CERTIFICATE_DATES_H_

#include "cpp_server/security/certificate_dates.h"

#include <string>

#include "absl/time/clock.h"
#include "cpp_server/http/tls_for_test.h"
#include "cpp_server/security/certificate_table.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace trilho {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

absl::Time At(const char* text) {
  absl::Time time;
  std::string error;
  EXPECT_TRUE(absl::ParseTime(absl::RFC3339_full, text, &time, &error)) << error;
  return time;
}

TEST(CertificateDatesTest, AreThoseOfTheWholeChain) {
  const absl::Time now = absl::Now();
  const TestIdentity authority("authority", nullptr, 600);
  const TestIdentity server("server", &authority, 6000);
  const auto own = DatesOfChain(server.CertificatePem());
  ASSERT_TRUE(own.ok()) << own.status();
  EXPECT_GT(own->not_after, now + absl::Seconds(5000));
  EXPECT_LT(own->not_before, now);
  const auto chain = DatesOfChain(server.CertificatePem() + authority.CertificatePem());
  ASSERT_TRUE(chain.ok()) << chain.status();
  EXPECT_LT(chain->not_after, now + absl::Seconds(1000)) << "clients refuse what an expired authority signed";
  EXPECT_GT(DatesOfFirst(server.CertificatePem() + authority.CertificatePem())->not_after, now + absl::Seconds(5000));
  EXPECT_EQ(DatesOfChain("none").status(), absl::InvalidArgumentError("there is no certificate in PEM"));
}

TEST(CertificateDatesTest, AreDescribed) {
  const CertificateDates dates{At("2026-01-01T00:00:00Z"), At("2026-03-01T12:00:00Z")};
  const struct {
    const char* now;
    CertificateValidity validity;
    const char* text;
  } kCases[] = {
      {"2025-12-31T22:00:00Z", CertificateValidity::kNotYetValid,
       "is not valid before 2026-01-01T00:00:00Z, in 2 hours"},
      {"2026-01-01T00:00:00Z", CertificateValidity::kValid, "expires on 2026-03-01T12:00:00Z, in 59 days"},
      {"2026-02-25T12:00:00Z", CertificateValidity::kEndsSoon, "expires on 2026-03-01T12:00:00Z, in 4 days"},
      {"2026-03-01T12:00:00Z", CertificateValidity::kEndsSoon,
       "expires on 2026-03-01T12:00:00Z, in less than a minute"},
      {"2026-03-01T12:01:30Z", CertificateValidity::kExpired, "expired on 2026-03-01T12:00:00Z, 1 minute ago"},
      {"2026-03-02T12:00:00Z", CertificateValidity::kExpired, "expired on 2026-03-01T12:00:00Z, 1 day ago"},
  };
  for (const auto& test : kCases) {
    EXPECT_EQ(ValidityAt(dates, At(test.now)), test.validity) << test.now;
    EXPECT_EQ(DescribeDates(dates, At(test.now)), test.text);
  }
}

TEST(CertificateTableTest, WarnsOfPortsWhoseCertificateDoesNotHold) {
  CertificateTable table;
  const CertificateDates dates{At("2026-01-01T00:00:00Z"), At("2026-03-01T12:00:00Z")};
  table.Set("grpc", dates);
  table.Set("rest", {dates.not_before, absl::InfiniteFuture()});
  EXPECT_EQ(table.Get().size(), 2u);
  EXPECT_THAT(table.Warnings(At("2026-02-01T00:00:00Z")), IsEmpty());
  EXPECT_THAT(table.Warnings(At("2026-04-01T00:00:00Z")),
              ElementsAre(HasSubstr("the certificate of the port \"grpc\" expired on 2026-03-01T12:00:00Z")));
  table.Set("grpc", {dates.not_before, absl::InfiniteFuture()});
  EXPECT_THAT(table.Warnings(At("2026-04-01T00:00:00Z")), IsEmpty()) << "it was replaced";
}

}  // namespace
}  // namespace trilho

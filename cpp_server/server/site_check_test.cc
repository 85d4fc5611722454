#include "cpp_server/server/site_check.h"

#include <string>
#include <vector>

#include "cpp_server/http/fake_http_call.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace trilho {
namespace {

using ::testing::HasSubstr;

absl::Status Check(const std::string& host, const std::string& origin = "",
                   const std::vector<std::string>& allowed = {}) {
  FakeHttpCall::Headers headers = {{"Host", host}};
  if (!origin.empty()) headers.emplace_back("Origin", origin);
  return CheckSite(FakeHttpCall("POST", "/v1/management/ListModels", "", headers), allowed);
}

TEST(CheckSite, LetsAddressesIn) {
  for (const char* host : {"127.0.0.1", "127.0.0.1:8502", "10.1.2.3:8502", "[::1]", "[::1]:8502", "[fe80::1]:8502",
                           "localhost", "LOCALHOST:8502", "localhost."}) {
    EXPECT_EQ(Check(host), absl::OkStatus()) << host;
  }
}

TEST(CheckSite, KeepsNamesOutThatAreNotListed) {
  for (const char* host : {"", "rebound.example", "rebound.example:8502", "localhost.example", "127.0.0.1.example",
                           "1.2.3.4.5", "example@127.0.0.1", "[rebound.example]"}) {
    const absl::Status status = Check(host);
    EXPECT_EQ(status.code(), absl::StatusCode::kPermissionDenied) << host;
    EXPECT_THAT(std::string(status.message()), HasSubstr("nor one of --allowed_hosts")) << host;
    // Its page is of the same site, as the browser sees it.
    EXPECT_FALSE(Check(host, "http://" + std::string(host)).ok()) << host;
  }
  const std::vector<std::string> allowed = {"models.internal", "trilho"};
  EXPECT_EQ(Check("models.internal:8502", "", allowed), absl::OkStatus());
  EXPECT_EQ(Check("Trilho", "", allowed), absl::OkStatus());
  EXPECT_FALSE(Check("other.internal", "", allowed).ok());
}

TEST(CheckSite, KeepsPagesOfOtherSitesOut) {
  EXPECT_EQ(Check("127.0.0.1:8502", "http://127.0.0.1:8502"), absl::OkStatus());
  EXPECT_EQ(Check("localhost", "https://LocalHost"), absl::OkStatus());
  for (const char* origin : {"http://example.org", "null", "http://127.0.0.1", "http://127.0.0.1:8502.example",
                             "http://localhost:8502", "127.0.0.1:8502"}) {
    const absl::Status status = Check("127.0.0.1:8502", origin);
    EXPECT_EQ(status.code(), absl::StatusCode::kPermissionDenied) << origin;
    EXPECT_THAT(std::string(status.message()), HasSubstr("from a page of another site")) << origin;
  }
}

}  // namespace
}  // namespace trilho

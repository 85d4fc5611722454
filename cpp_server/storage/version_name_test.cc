#include "cpp_server/storage/version_name.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace trilho {
namespace {

using ::testing::Optional;

TEST(ParseVersionTest, TakesDigits) {
  EXPECT_THAT(ParseVersion("0"), Optional(0));
  EXPECT_THAT(ParseVersion("12"), Optional(12));
  EXPECT_THAT(ParseVersion("009"), Optional(9));
  EXPECT_THAT(ParseVersion("9223372036854775807"), Optional(INT64_MAX));
}

TEST(ParseVersionTest, TakesNothingElse) {
  for (const char* name : {"", "-1", "+1", " 1", "1 ", "1.0", ".1", "1.tmp", "1-partial", "1_", "0x1", "v1", "abc",
                           "9223372036854775808", "99999999999999999999999"}) {
    EXPECT_EQ(ParseVersion(name), absl::nullopt) << '"' << name << '"';
  }
}

}  // namespace
}  // namespace trilho

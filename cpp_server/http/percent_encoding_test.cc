#include "cpp_server/http/percent_encoding.h"

#include <string>

#include "absl/status/status.h"
#include "gtest/gtest.h"

namespace trilho {
namespace {

TEST(PercentEncodingTest, EveryByteCanBeEncoded) {
  EXPECT_EQ(*DecodePercent(""), "");
  EXPECT_EQ(*DecodePercent("plain+text"), "plain+text") << "a plus is a space in forms only";
  EXPECT_EQ(*DecodePercent("a%2Fb%20c"), "a/b c");
  EXPECT_EQ(*DecodePercent("%41%4a%4A"), "AJJ");
  EXPECT_EQ(*DecodePercent("%00"), std::string(1, '\0'));
  EXPECT_EQ(*DecodePercent("%25%34%31"), "%41") << "decoded once";
}

TEST(PercentEncodingTest, APercentWithoutTwoDigitsIsRefused) {
  for (const char* const text : {"%", "a%", "a%4", "a%zz", "%4g", "% 41"}) {
    EXPECT_EQ(DecodePercent(text).status(),
              absl::InvalidArgumentError("\"" + std::string(text) + "\" has a % without two hexadecimal digits"));
  }
}

}  // namespace
}  // namespace trilho

// What is taken for gzip, and how much of it.

#include "cpp_server/http/gzip.h"

#include <algorithm>
#include <random>
#include <string>

#include "absl/strings/str_cat.h"
#include "cpp_server/http/gzip_for_test.h"
#include "gtest/gtest.h"

namespace trilho {
namespace {

TEST(Gunzip, IsTheInverseOfGzip) {
  for (const size_t size : {0, 1, 1000, 1000000}) {
    const std::string text(size, 'x');
    const auto result = Gunzip(Gzip(text), size);
    ASSERT_TRUE(result.ok()) << result.status();
    EXPECT_EQ(*result, text);
  }
}

TEST(Gunzip, ReadsAllMembers) {
  const auto result = Gunzip(Gzip("one") + Gzip("") + Gzip("two"), 100);
  ASSERT_TRUE(result.ok()) << result.status();
  EXPECT_EQ(*result, "onetwo");
}

TEST(Gunzip, StopsAtTheBound) {
  const std::string body = Gzip(std::string(100000, '\0'));
  EXPECT_EQ(Gunzip(body, 99999).status(),
            absl::ResourceExhaustedError("the body is larger than 99999 bytes once it is decompressed"));
  EXPECT_TRUE(Gunzip(body, 100000).ok());
  // Also over several members.
  EXPECT_EQ(Gunzip(Gzip("abc") + Gzip("def"), 5).status().code(), absl::StatusCode::kResourceExhausted);
  EXPECT_EQ(Gunzip(Gzip("a"), 0).status().code(), absl::StatusCode::kResourceExhausted);
}

TEST(Gunzip, StopsAtAHundredTimesTheCompressedSize) {
  const std::string bomb = Gzip(std::string(10 << 20, '\0'));
  ASSERT_LT(bomb.size(), 20000u);
  EXPECT_EQ(Gunzip(bomb, 100 << 20).status(),
            absl::ResourceExhaustedError(
                absl::StrCat("the body is larger than ", std::max<size_t>(1 << 20, 100 * bomb.size()),
                             " bytes once it is decompressed: ", bomb.size(),
                             " compressed bytes may grow to the larger of 1048576 bytes and 100 times their size")));
  // A small body harms nobody, whatever its ratio.
  EXPECT_TRUE(Gunzip(Gzip(std::string(1 << 20, '\0')), 100 << 20).ok());
  EXPECT_FALSE(Gunzip(Gzip(std::string((1 << 20) + 1, '\0')), 100 << 20).ok());
}

TEST(Gunzip, TakesWhatIsNoBomb) {
  // Images, most of whose pixels are black.
  std::mt19937 random(1);
  std::string numbers;
  for (int i = 0; i < 1000000; ++i) absl::StrAppend(&numbers, random() % 10 == 0 ? random() % 256 : 0, ", ");
  ASSERT_GT(numbers.size(), size_t{1} << 20);
  const auto result = Gunzip(Gzip(numbers), 100 << 20);
  ASSERT_TRUE(result.ok()) << result.status();
  EXPECT_EQ(*result, numbers);
}

TEST(Gunzip, RefusesWhatIsMalformed) {
  const std::string good = Gzip("some text that is long enough");
  for (size_t size = 0; size < good.size(); ++size) {
    EXPECT_EQ(Gunzip(good.substr(0, size), 100).status().code(), absl::StatusCode::kInvalidArgument) << size;
  }
  std::string bad_checksum = good;
  bad_checksum[good.size() - 8] ^= 1;
  EXPECT_EQ(Gunzip(bad_checksum, 100).status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(Gunzip("{\"instances\": [1]}", 100).status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(Gunzip(good + "rest", 100).status().code(), absl::StatusCode::kInvalidArgument);
}

}  // namespace
}  // namespace trilho

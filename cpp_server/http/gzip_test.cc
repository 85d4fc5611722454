// What is taken for gzip, and how much of it.

#include "cpp_server/http/gzip.h"

#include <algorithm>
#include <cstddef>
#include <string>
#include <vector>

#include "cpp_server/http/gzip_for_test.h"
#include "gtest/gtest.h"

namespace trilho {
namespace {

absl::StatusOr<std::string> Unpacked(const std::string& compressed, size_t max_bytes) {
  const auto result = Gunzip(compressed, max_bytes, [](size_t) { return absl::OkStatus(); });
  if (!result.ok()) return result.status();
  return std::string(result->view());
}

TEST(Gunzip, IsTheInverseOfGzip) {
  for (const size_t size : {0, 1, 1000, 1000000}) {
    const std::string text(size, 'x');
    const auto result = Unpacked(Gzip(text), size);
    ASSERT_TRUE(result.ok()) << result.status();
    EXPECT_EQ(*result, text);
  }
}

TEST(Gunzip, ReadsAllMembers) {
  const auto result = Unpacked(Gzip("one") + Gzip("") + Gzip("two"), 100);
  ASSERT_TRUE(result.ok()) << result.status();
  EXPECT_EQ(*result, "onetwo");
}

TEST(Gunzip, StopsAtTheBound) {
  const std::string body = Gzip(std::string(100000, '\0'));
  EXPECT_EQ(Unpacked(body, 99999).status(),
            absl::OutOfRangeError("the body is larger than 99999 bytes once it is decompressed"));
  EXPECT_TRUE(Unpacked(body, 100000).ok());
  // Also over several members.
  EXPECT_EQ(Unpacked(Gzip("abc") + Gzip("def"), 5).status().code(), absl::StatusCode::kOutOfRange);
  EXPECT_EQ(Unpacked(Gzip("a"), 0).status().code(), absl::StatusCode::kOutOfRange);
}

TEST(Gunzip, TakesWhatIsVeryRegular) {
  // Rows that are 0 but for one number, and images that are blank.
  std::string rows = "{\"instances\": [";
  for (int row = 0; row < 64; ++row) {
    rows += row == 0 ? "[" : ", [";
    for (int column = 0; column < 20000; ++column) rows += column == 100 * row ? "1.0, " : "0.0, ";
    rows += "0.0]";
  }
  rows += "]}";
  const std::string compressed = Gzip(rows);
  ASSERT_GT(rows.size(), 200 * compressed.size());
  const auto result = Unpacked(compressed, 100 << 20);
  ASSERT_TRUE(result.ok()) << result.status();
  EXPECT_EQ(*result, rows);
}

TEST(Gunzip, AsksForItsMemoryPieceByPiece) {
  const std::string bomb = Gzip(std::string(100 << 20, '\0'));
  ASSERT_LT(bomb.size(), 200000u);
  std::vector<size_t> asked;
  const auto hold = [&asked](size_t bytes) {
    asked.push_back(bytes);
    return bytes <= (10 << 20) ? absl::OkStatus() : absl::ResourceExhaustedError("no more than 10 MiB");
  };
  EXPECT_EQ(Gunzip(bomb, 1 << 30, hold).status(), absl::ResourceExhaustedError("no more than 10 MiB"));
  ASSERT_FALSE(asked.empty());
  EXPECT_LE(asked.front(), size_t{64} << 10);
  for (size_t i = 1; i < asked.size(); ++i) {
    EXPECT_GT(asked[i], asked[i - 1]);
    EXPECT_LE(asked[i], asked[i - 1] + std::max(asked[i - 1] / 4, size_t{64} << 10));
  }
  EXPECT_LE(asked.back(), size_t{15} << 20) << "it goes on after it was refused";
}

TEST(Gunzip, RefusesWhatIsMalformed) {
  const std::string good = Gzip("some text that is long enough");
  for (size_t size = 0; size < good.size(); ++size) {
    EXPECT_EQ(Unpacked(good.substr(0, size), 100).status().code(), absl::StatusCode::kInvalidArgument) << size;
  }
  std::string bad_checksum = good;
  bad_checksum[good.size() - 8] ^= 1;
  EXPECT_EQ(Unpacked(bad_checksum, 100).status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(Unpacked("{\"instances\": [1]}", 100).status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(Unpacked(good + "rest", 100).status().code(), absl::StatusCode::kInvalidArgument);
}

}  // namespace
}  // namespace trilho

#include "cpp_server/admission/response_memory.h"

#include <memory>
#include <utility>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace trilho {
namespace {

using ::testing::HasSubstr;
using Share = ResponseMemory::Share;

TEST(ResponseMemory, HasRoomUntilItsBoundIsReached) {
  const auto memory = std::make_shared<ResponseMemory>(100);
  Share one(memory);
  EXPECT_TRUE(one.Take(99).ok());
  EXPECT_TRUE(memory->Check().ok());
  // An answer that is there is not thrown away while anything is left.
  Share two(memory);
  EXPECT_TRUE(two.Take(1000).ok());
  EXPECT_EQ(memory->used(), 1099);
  const absl::Status full = memory->Check();
  EXPECT_EQ(full.code(), absl::StatusCode::kResourceExhausted);
  EXPECT_THAT(std::string(full.message()), HasSubstr("1099 bytes of answers, and --max_response_memory_bytes=100"));
  Share three(memory);
  EXPECT_EQ(three.Take(1), full);
  EXPECT_EQ(three.bytes(), 0u);
  two.Release();
  EXPECT_TRUE(three.Take(1).ok());
  EXPECT_EQ(memory->used(), 100);
}

TEST(ResponseMemory, CountsWhatIsTakenBeyondIt) {
  const auto memory = std::make_shared<ResponseMemory>(100);
  Share one(memory);
  ASSERT_TRUE(one.Take(100).ok());
  {
    Share probe(memory);
    probe.TakeBeyond(10);
    EXPECT_EQ(probe.bytes(), 10u);
    EXPECT_EQ(memory->used(), 110);
  }
  EXPECT_EQ(memory->used(), 100);
  Share unbounded;
  unbounded.TakeBeyond(10);
  EXPECT_EQ(unbounded.bytes(), 0u);
}

TEST(ResponseMemory, OneAnswerMayBeLargerThanAllOfIt) {
  const auto memory = std::make_shared<ResponseMemory>(100);
  EXPECT_TRUE(Share(memory).Take(1 << 30).ok());
  EXPECT_EQ(memory->used(), 0);
}

TEST(ResponseMemory, GetsBackWhatAShareHad) {
  const auto memory = std::make_shared<ResponseMemory>(100);
  {
    Share share(memory);
    ASSERT_TRUE(share.Take(10).ok());
    ASSERT_TRUE(share.Take(10).ok());
    Share moved(std::move(share));
    EXPECT_EQ(moved.bytes(), 20u);
    Share assigned(memory);
    ASSERT_TRUE(assigned.Take(30).ok());
    assigned = std::move(moved);
    EXPECT_EQ(memory->used(), 20);
  }
  EXPECT_EQ(memory->used(), 0);
}

TEST(ResponseMemory, MayHaveNoBound) {
  Share share;
  EXPECT_TRUE(share.Take(size_t{1} << 40).ok());
}

}  // namespace
}  // namespace trilho

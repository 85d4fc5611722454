#include "cpp_server/core/grow_only_map.h"

#include <thread>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace trilho {
namespace {

TEST(GrowOnlyMapTest, FindsWhatWasInserted) {
  GrowOnlyMap<int> map;
  EXPECT_EQ(map.Find("a"), nullptr);
  int* const a = map.FindOrInsert("a", [] { return std::make_unique<int>(1); });
  EXPECT_EQ(map.Find("a"), a);
  EXPECT_EQ(map.FindOrInsert("a", [] { return std::make_unique<int>(2); }), a);
  EXPECT_EQ(*a, 1);
}

TEST(GrowOnlyMapTest, KeepsNamesOfOneBucketApart) {
  GrowOnlyMap<int> map;
  constexpr int kNames = 5000;  // more than there are buckets
  for (int i = 0; i < kNames; ++i) map.FindOrInsert(absl::StrCat("m", i), [i] { return std::make_unique<int>(i); });
  for (int i = 0; i < kNames; ++i) EXPECT_EQ(*map.Find(absl::StrCat("m", i)), i);
  EXPECT_EQ(map.Entries().size(), kNames);
}

TEST(GrowOnlyMapTest, EntriesComeInTheOrderOfInsertion) {
  GrowOnlyMap<int> map;
  int* const b = map.FindOrInsert("b", [] { return std::make_unique<int>(1); });
  int* const a = map.FindOrInsert("a", [] { return std::make_unique<int>(2); });
  EXPECT_THAT(map.Entries(), ::testing::ElementsAre(std::make_pair("b", b), std::make_pair("a", a)));
}

TEST(GrowOnlyMapTest, IsReadWhileItGrows) {
  GrowOnlyMap<int> map;
  constexpr int kNames = 500;
  std::thread writer([&map] {
    for (int i = 0; i < kNames; ++i) map.FindOrInsert(absl::StrCat(i), [i] { return std::make_unique<int>(i); });
  });
  for (int i = 0; i < kNames;) {
    const int* value = map.Find(absl::StrCat(i));
    if (value == nullptr) continue;
    EXPECT_EQ(*value, i);
    ++i;
  }
  writer.join();
}

}  // namespace
}  // namespace trilho

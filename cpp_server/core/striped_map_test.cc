#include "cpp_server/core/striped_map.h"

#include <thread>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace trilho {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Pair;

std::shared_ptr<int> Insert(StripedMap<int>* map, const std::string& name, int value) {
  return map->FindOrInsert(name, [value] { return std::make_shared<int>(value); });
}

int ValueOf(const StripedMap<int>& map, const std::string& name) {
  return map.With(name, [](int& value) { return value; });
}

TEST(StripedMapTest, FindsWhatWasInserted) {
  StripedMap<int> map;
  EXPECT_EQ(map.Find("a"), nullptr);
  EXPECT_EQ(ValueOf(map, "a"), 0) << "what it would be by default";
  const std::shared_ptr<int> a = Insert(&map, "a", 1);
  EXPECT_EQ(map.Find("a"), a);
  EXPECT_EQ(Insert(&map, "a", 2), a);
  EXPECT_EQ(ValueOf(map, "a"), 1);
}

TEST(StripedMapTest, EveryThreadFindsIt) {
  StripedMap<int> map;
  Insert(&map, "a", 1);
  for (int i = 0; i < 40; ++i) {
    std::thread([&map] { EXPECT_EQ(ValueOf(map, "a"), 1); }).join();
  }
}

TEST(StripedMapTest, EntriesComeInTheOrderOfInsertion) {
  StripedMap<int> map;
  const auto b = Insert(&map, "b", 1);
  const auto a = Insert(&map, "a", 2);
  EXPECT_THAT(map.Entries(), ElementsAre(Pair("b", b), Pair("a", a)));
}

TEST(StripedMapTest, WhatIsErasedIsGoneUnlessSomebodyHoldsIt) {
  StripedMap<int> map;
  std::shared_ptr<int> a = Insert(&map, "a", 1);
  const std::weak_ptr<int> watched = a;
  EXPECT_FALSE(map.Erase("b", a.get()));
  EXPECT_TRUE(map.Erase("a", a.get()));
  EXPECT_EQ(map.Find("a"), nullptr);
  EXPECT_THAT(map.Entries(), IsEmpty());
  EXPECT_EQ(*a, 1);
  a.reset();
  EXPECT_TRUE(watched.expired());
}

TEST(StripedMapTest, ErasesNoSuccessor) {
  StripedMap<int> map;
  const auto first = Insert(&map, "a", 1);
  ASSERT_TRUE(map.Erase("a", first.get()));
  Insert(&map, "a", 2);
  EXPECT_FALSE(map.Erase("a", first.get()));
  EXPECT_EQ(ValueOf(map, "a"), 2);
}

TEST(StripedMapTest, IsReadWhileItChanges) {
  StripedMap<int> map;
  constexpr int kRounds = 2000;
  std::atomic<bool> done{false};
  std::vector<std::thread> readers;
  for (int i = 0; i < 4; ++i) {
    readers.emplace_back([&map, &done] {
      while (!done) {
        const int value = ValueOf(map, "a");
        EXPECT_TRUE(value == 0 || value == 7) << value;
        const auto held = map.Find("a");
        EXPECT_TRUE(held == nullptr || *held == 7);
      }
    });
  }
  for (int i = 0; i < kRounds; ++i) map.Erase("a", Insert(&map, "a", 7).get());
  done = true;
  for (std::thread& reader : readers) reader.join();
}

}  // namespace
}  // namespace trilho

#include "cpp_server/metrics/labelled_series.h"

#include <thread>

#include "absl/strings/str_cat.h"
#include "cpp_server/metrics/counter.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace trilho {
namespace {

using ::testing::ElementsAre;
using Values = std::vector<std::string>;

auto MakeCounter() {
  return [](const Values&) { return std::make_unique<Counter>(); };
}

std::vector<Values> AllValues(const LabelledSeries<Counter>& series) {
  std::vector<Values> all;
  for (const auto* one : series.Sorted()) all.push_back(one->values);
  return all;
}

TEST(LabelledSeriesTest, EachCombinationOfValuesHasItsOwn) {
  LabelledSeries<Counter> series(2, MakeCounter());
  Counter* const a = series.With({"m", "1"});
  EXPECT_EQ(series.With({"m", "1"}), a);
  EXPECT_NE(series.With({"m", "2"}), a);
  EXPECT_NE(series.With({"n", "1"}), a);
  EXPECT_NE(series.With({"m1", ""}), a);
  EXPECT_NE(series.With({"", "m1"}), a);
  EXPECT_THAT(AllValues(series),
              ElementsAre(Values{"", "m1"}, Values{"m", "1"}, Values{"m", "2"}, Values{"m1", ""}, Values{"n", "1"}));
}

TEST(LabelledSeriesTest, ValuesMayHoldAnyByte) {
  LabelledSeries<Counter> series(2, MakeCounter());
  const std::string zero(1, '\0');
  EXPECT_NE(series.With({zero, ""}), series.With({"", zero}));
  EXPECT_EQ(series.With({zero, ""}), series.With({zero, ""}));
}

TEST(LabelledSeriesTest, WhatCannotStandInALabelIsReplacedAndCut) {
  LabelledSeries<Counter> series(1, MakeCounter());
  EXPECT_EQ(series.With({"a\xFF"}), series.With({"a\xFE"})) << "one series, since both print alike";
  EXPECT_EQ(series.With({std::string(kMaxLabelBytes + 1, 'x')}), series.With({std::string(kMaxLabelBytes, 'x')}));
  EXPECT_THAT(AllValues(series), ElementsAre(Values{"a\xEF\xBF\xBD"}, Values{std::string(kMaxLabelBytes, 'x')}));
}

TEST(LabelledSeriesTest, BeyondTheBoundOpenValuesBecomeOther) {
  LabelledSeries<Counter> series(1, MakeCounter(), 8);
  Counter* const first = series.With({"m0", "OK"});
  for (int i = 0; i < 100; ++i) {
    series.With({absl::StrCat("m", i), "OK"})->Increment();
    series.With({absl::StrCat("m", i), "NOT_FOUND"})->Increment();
  }
  EXPECT_EQ(series.With({"m0", "OK"}), first) << "who is in stays in";
  // Six of their own and the two others.
  EXPECT_EQ(series.Sorted().size(), 8u);
  EXPECT_EQ(series.With({"new", "OK"})->Value(), 97u);
  EXPECT_EQ(series.With({"new", "NOT_FOUND"}), series.With({"other", "NOT_FOUND"}));
  EXPECT_EQ(series.With({"new", "NOT_FOUND"})->Value(), 97u);
}

TEST(LabelledSeriesTest, VersionsAreGivenUpBeforeModels) {
  LabelledSeries<Counter> series(2, MakeCounter(), 8, /*first_given_up=*/1);
  for (int version = 0; version < 100; ++version) {
    series.With({"a", absl::StrCat(version), "OK"})->Increment();
    series.With({"b", absl::StrCat(version), "OK"})->Increment();
  }
  EXPECT_EQ(series.With({"a", "99", "OK"}), series.With({"a", "other", "OK"}));
  EXPECT_EQ(series.With({"a", "99", "OK"})->Value(), 97u);
  EXPECT_EQ(series.With({"b", "99", "OK"})->Value(), 97u);
  // More models than there is room for are all one.
  EXPECT_EQ(series.With({"c", "1", "OK"}), series.With({"d", "1", "OK"}));
  EXPECT_THAT(AllValues(series), ::testing::Contains(Values{"other", "other", "OK"}));
}

TEST(LabelledSeriesTest, RequestsCannotUseUpTheRoomOfWhatIsServed) {
  LabelledSeries<Counter> series(1, MakeCounter(), 8);
  for (int i = 0; i < 100; ++i) series.With({absl::StrCat("guess", i)}, LabelOrigin::kRequest);
  EXPECT_THAT(AllValues(series), ElementsAre(Values{"guess0"}, Values{"guess1"}, Values{"other"}));
  series.With({"served"});
  EXPECT_THAT(AllValues(series), ::testing::Contains(Values{"served"}));
}

TEST(LabelledSeriesTest, ManyThreadsCountExactlyWhileSeriesAreMadeAndTheBoundIsReached) {
  constexpr int kThreads = 8, kNames = 200, kTimes = 20;
  constexpr size_t kMax = 80;
  LabelledSeries<Counter> series(1, MakeCounter(), kMax);
  std::vector<std::thread> threads;
  threads.reserve(kThreads);
  for (int thread = 0; thread < kThreads; ++thread) {
    threads.emplace_back([&] {
      for (int time = 0; time < kTimes; ++time) {
        for (int i = 0; i < kNames; ++i) series.With({absl::StrCat(i)})->Increment();
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  const auto sorted = series.Sorted();
  EXPECT_EQ(sorted.size(), kMax * 3 / 4 + 1);
  uint64_t total = 0;
  for (const auto* one : sorted) {
    total += one->value->Value();
    if (one->values[0] == kOtherLabel) continue;
    EXPECT_EQ(one->value->Value(), uint64_t{kThreads} * kTimes);
  }
  EXPECT_EQ(total, uint64_t{kThreads} * kTimes * kNames);
}

}  // namespace
}  // namespace trilho

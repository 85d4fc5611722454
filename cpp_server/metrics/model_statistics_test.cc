#include "cpp_server/metrics/model_statistics.h"

#include <thread>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace trilho {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using ::testing::IsEmpty;
using ::testing::SizeIs;

// The beginning of a step.
const ModelStatistics::Clock::time_point kStart{seconds(1000000)};

InferenceRecord Record(ModelStatistics::Clock::time_point end, milliseconds duration = milliseconds(10)) {
  InferenceRecord record;
  record.model = "m";
  record.version = 1;
  record.begin = end - duration;
  record.duration = duration;
  return record;
}

InferenceRecord Failed(ModelStatistics::Clock::time_point end) {
  InferenceRecord record = Record(end);
  record.status = absl::InternalError("");
  return record;
}

TEST(ModelStatisticsTest, NothingWasAsked) {
  ModelStatistics statistics;
  EXPECT_THAT(statistics.Recent(kStart), IsEmpty());
  InferenceRecord not_found = Failed(kStart);
  not_found.version = absl::nullopt;
  statistics.OnEnd(not_found);
  EXPECT_THAT(statistics.Recent(kStart), IsEmpty());
}

TEST(ModelStatisticsTest, AddsUpEachVersionForAsLongAsTheServerRuns) {
  ModelStatistics statistics;
  EXPECT_EQ(statistics.Total("m", 1).succeeded, 0u);
  EXPECT_EQ(statistics.Total("m", 1).last, absl::nullopt);
  InferenceRecord good = Record(kStart);
  good.times = {/*queued=*/2000, /*run=*/5000};
  good.examples = 64;
  statistics.OnEnd(good);
  good.begin += seconds(1000);
  statistics.OnEnd(good);
  InferenceRecord failed = Failed(kStart + seconds(2000));
  failed.examples = 7;
  statistics.OnEnd(failed);
  InferenceRecord other_version = Record(kStart);
  other_version.version = 2;
  statistics.OnEnd(other_version);

  const TotalStatistics total = statistics.Total("m", 1);
  EXPECT_EQ(total.succeeded, 2u);
  EXPECT_EQ(total.succeeded_time, milliseconds(20));
  EXPECT_EQ(total.failed, 1u);
  EXPECT_EQ(total.failed_time, milliseconds(10));
  EXPECT_EQ(total.queued, milliseconds(4));
  EXPECT_EQ(total.run, milliseconds(10));
  EXPECT_EQ(total.examples, 128u);
  EXPECT_EQ(total.last, kStart + seconds(2000));
  EXPECT_EQ(statistics.Total("m", 2).succeeded, 1u);
  EXPECT_EQ(statistics.Total("other", 1).succeeded, 0u);
}

TEST(ModelStatisticsTest, CountsByVersionAndStep) {
  ModelStatistics statistics;
  statistics.OnEnd(Record(kStart));
  statistics.OnEnd(Failed(kStart + seconds(4)));
  statistics.OnEnd(Record(kStart + seconds(5)));
  // A step in between without any.
  statistics.OnEnd(Record(kStart + seconds(17)));
  InferenceRecord other_version = Record(kStart + seconds(17));
  other_version.version = 2;
  statistics.OnEnd(other_version);

  const auto recent = statistics.Recent(kStart + seconds(19));
  ASSERT_THAT(recent, SizeIs(2));
  EXPECT_EQ(recent[0].model, "m");
  EXPECT_EQ(recent[0].version, "1");
  EXPECT_EQ(recent[0].window.count, 4u);
  EXPECT_EQ(recent[0].window.errors, 1u);
  EXPECT_EQ(recent[1].version, "2");
  EXPECT_EQ(recent[1].window.count, 1u);

  ASSERT_THAT(recent[0].steps, SizeIs(ModelStatistics::kSteps));
  const auto& steps = recent[0].steps;
  const size_t last = steps.size() - 1;
  EXPECT_EQ(steps[last].count, 1u);
  EXPECT_EQ(steps[last - 1].count, 0u);
  EXPECT_EQ(steps[last - 2].count, 1u);
  EXPECT_EQ(steps[last - 3].count, 2u);
  EXPECT_EQ(steps[last - 3].errors, 1u);
  EXPECT_EQ(steps[last - 4].count, 0u);
}

TEST(ModelStatisticsTest, WhatIsOlderThanFiveMinutesIsForgotten) {
  ModelStatistics statistics;
  statistics.OnEnd(Failed(kStart));
  statistics.OnEnd(Record(kStart + seconds(150)));
  EXPECT_EQ(statistics.Recent(kStart + seconds(299))[0].window.count, 2u);
  const auto later = statistics.Recent(kStart + seconds(300));
  EXPECT_EQ(later[0].window.count, 1u);
  EXPECT_EQ(later[0].window.errors, 0u);
  EXPECT_THAT(statistics.Recent(kStart + seconds(450)), IsEmpty());
  // Also where steps begin again after a long time.
  statistics.OnEnd(Record(kStart + seconds(5000)));
  EXPECT_EQ(statistics.Recent(kStart + seconds(5000))[0].window.count, 1u);
}

TEST(ModelStatisticsTest, AFullWindowRolls) {
  ModelStatistics statistics;
  for (int second = 0; second < 1000; ++second) statistics.OnEnd(Record(kStart + seconds(second)));
  const auto recent = statistics.Recent(kStart + seconds(999));
  EXPECT_EQ(recent[0].window.count, 300u);
  for (const LatencyStatistics& step : recent[0].steps) EXPECT_EQ(step.count, 5u);
}

TEST(ModelStatisticsTest, ApproximatesPercentiles) {
  ModelStatistics statistics;
  // What was slow an hour ago does not show.
  for (int i = 0; i < 1000; ++i) statistics.OnEnd(Record(kStart - seconds(3600), milliseconds(9000)));
  for (int i = 0; i < 97; ++i) statistics.OnEnd(Record(kStart, milliseconds(20)));
  for (int i = 0; i < 3; ++i) statistics.OnEnd(Record(kStart, milliseconds(700)));
  const LatencyStatistics window = statistics.Recent(kStart)[0].window;
  EXPECT_NEAR(static_cast<double>(window.p50.count()), 20e3, 5e3);
  EXPECT_NEAR(static_cast<double>(window.p99.count()), 700e3, 175e3);
}

TEST(ModelStatisticsTest, ManyThreadsAreCountedExactlyWhileItIsRead) {
  constexpr int kThreads = 8, kTimes = 20000;
  ModelStatistics statistics;
  std::vector<std::thread> threads;
  threads.reserve(kThreads);
  for (int thread = 0; thread < kThreads; ++thread) {
    threads.emplace_back([&statistics] {
      for (int i = 0; i < kTimes; ++i) {
        const auto end = kStart + milliseconds(i);
        statistics.OnEnd(i % 4 == 0 ? Failed(end) : Record(end));
      }
    });
  }
  uint64_t count = 0;
  for (int i = 0; i < 100; ++i) {
    const auto recent = statistics.Recent(kStart + milliseconds(kTimes));
    if (recent.empty()) continue;
    EXPECT_GE(recent[0].window.count, count);
    count = recent[0].window.count;
  }
  for (std::thread& thread : threads) thread.join();
  const auto recent = statistics.Recent(kStart + milliseconds(kTimes));
  EXPECT_EQ(recent[0].window.count, uint64_t{kThreads} * kTimes);
  EXPECT_EQ(recent[0].window.errors, uint64_t{kThreads} * kTimes / 4);
}

}  // namespace
}  // namespace trilho

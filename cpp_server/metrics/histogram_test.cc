#include "cpp_server/metrics/histogram.h"

#include <limits>
#include <memory>
#include <thread>

#include "cpp_server/metrics/counter.h"
#include "cpp_server/metrics/gauge.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace trilho {
namespace {

using ::testing::ElementsAre;

HistogramBounds Bounds(std::vector<double> bounds) {
  return std::make_shared<const std::vector<double>>(std::move(bounds));
}

TEST(ExponentialBoundsTest, AreMultipliedUp) {
  EXPECT_THAT(*ExponentialBounds(1, 2, 4), ElementsAre(1, 2, 4, 8));
  EXPECT_THAT(*ExponentialBounds(10, 1.8, 3), ElementsAre(10, 18, 18 * 1.8));
}

TEST(HistogramTest, ABoundIsInItsBucket) {
  Histogram histogram(Bounds({1, 2}));
  for (const double value : {-1.0, 1.0, 1.5, 2.0, 2.5, std::numeric_limits<double>::infinity()}) {
    histogram.Observe(value);
  }
  EXPECT_THAT(histogram.Snapshot().counts, ElementsAre(2, 2, 2));
  EXPECT_EQ(histogram.Snapshot().Count(), 6u);
}

TEST(HistogramTest, IgnoresWhatIsNotANumber) {
  Histogram histogram(Bounds({1}));
  histogram.Observe(std::numeric_limits<double>::quiet_NaN());
  histogram.Observe(0.5);
  EXPECT_THAT(histogram.Snapshot().counts, ElementsAre(1, 0));
  EXPECT_EQ(histogram.Snapshot().sum, 0.5);
}

TEST(HistogramTest, HasRoomForMoreBucketsThanALineHasCells) {
  Histogram histogram(ExponentialBounds(1, 2, 33));
  double bound = 1;
  for (int i = 0; i < 34; ++i, bound *= 2) histogram.Observe(bound);
  EXPECT_THAT(histogram.Snapshot().counts, ::testing::Each(1));
  EXPECT_EQ(histogram.Snapshot().counts.size(), 34u);
}

TEST(HistogramTest, LosesNothingOfWhatManyThreadsObserve) {
  constexpr int kThreads = 8, kTimes = 50000;
  // On the heap, since the stack that AddressSanitizer makes up aligns them to less than their line.
  const auto histogram = std::make_unique<Histogram>(Bounds({1, 2, 3}));
  const auto counter = std::make_unique<Counter>();
  Gauge gauge;
  std::vector<std::thread> threads;
  threads.reserve(kThreads);
  for (int thread = 0; thread < kThreads; ++thread) {
    threads.emplace_back([&] {
      for (int i = 0; i < kTimes; ++i) {
        histogram->Observe(i % 4 + 1);
        counter->Increment(2);
        gauge.Add(i % 2 == 0 ? 3 : -2);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  constexpr uint64_t kQuarter = uint64_t{kThreads} * kTimes / 4;
  const HistogramSnapshot snapshot = histogram->Snapshot();
  EXPECT_THAT(snapshot.counts, ElementsAre(kQuarter, kQuarter, kQuarter, kQuarter));
  EXPECT_EQ(snapshot.sum, kQuarter * (1 + 2 + 3 + 4));
  EXPECT_EQ(counter->Value(), kQuarter * 4 * 2);
  EXPECT_EQ(gauge.Value(), 2 * kQuarter);
}

TEST(GaugeTest, IsSetAndChanged) {
  Gauge gauge;
  EXPECT_EQ(gauge.Value(), 0);
  gauge.Set(2.5);
  gauge.Add(-4);
  EXPECT_EQ(gauge.Value(), -1.5);
}

TEST(QuantileTest, SpreadsValuesEvenlyInABucket) {
  const std::vector<double> bounds = {10, 20, 40};
  EXPECT_EQ(Quantile(bounds, {0, 0, 0, 0}, 0.5), 0);
  EXPECT_EQ(Quantile(bounds, {10, 0, 0, 0}, 0.5), 5);
  EXPECT_EQ(Quantile(bounds, {0, 4, 0, 0}, 0.75), 17.5);
  EXPECT_EQ(Quantile(bounds, {1, 1, 2, 0}, 0.5), 20);
  EXPECT_EQ(Quantile(bounds, {1, 1, 2, 0}, 1), 40);
  EXPECT_EQ(Quantile(bounds, {1, 0, 0, 9}, 0.99), 40) << "above the last bound nothing is known";
}

}  // namespace
}  // namespace trilho

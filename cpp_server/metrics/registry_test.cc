#include "cpp_server/metrics/registry.h"

#include <atomic>
#include <cstdio>
#include <ctime>
#include <thread>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "cpp_server/metrics/process_metrics.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace trilho {
namespace {

using ::testing::HasSubstr;

TEST(MetricRegistryTest, ThePageIsInOrderWhateverCameFirst) {
  MetricRegistry registry;
  CounterFamily* const requests = registry.AddCounter({"requests_total", "Requests.", {"model"}, 1});
  registry.AddGauge({"free", "Free.", {}})->With({})->Set(-1.5);
  registry.AddHistogram({"latency", "Latency.", {}}, ExponentialBounds(1, 2, 2))->With({})->Observe(2);
  registry.AddGauge({"unused", "Has no series.", {"model"}});
  registry.AddCallback({"depth", "Depth.", {"queue"}}, MetricType::kGauge, [] {
    return std::vector<MetricSample>{{{"b"}, 2}, {{"a"}, 1}, {{"a"}, 3}};
  });
  requests->With({"n"})->Increment();
  requests->With({"m"})->Increment(41);
  requests->With({"m"})->Increment();
  EXPECT_EQ(registry.Scrape(),
            "# HELP depth Depth.\n"
            "# TYPE depth gauge\n"
            "depth{queue=\"a\"} 1\n"
            "depth{queue=\"b\"} 2\n"
            "# HELP free Free.\n"
            "# TYPE free gauge\n"
            "free -1.5\n"
            "# HELP latency Latency.\n"
            "# TYPE latency histogram\n"
            "latency_bucket{le=\"1\"} 0\n"
            "latency_bucket{le=\"2\"} 1\n"
            "latency_bucket{le=\"+Inf\"} 1\n"
            "latency_sum 2\n"
            "latency_count 1\n"
            "# HELP requests_total Requests.\n"
            "# TYPE requests_total counter\n"
            "requests_total{model=\"m\"} 42\n"
            "requests_total{model=\"n\"} 1\n");
}

TEST(MetricRegistryTest, CallbacksAreAskedByEachScrape) {
  MetricRegistry registry;
  double value = 1;
  registry.AddCallback({"value", "", {}}, MetricType::kGauge, [&value] {
    return std::vector<MetricSample>{{{}, value}};
  });
  EXPECT_THAT(registry.Scrape(), HasSubstr("\nvalue 1\n"));
  value = 2;
  EXPECT_THAT(registry.Scrape(), HasSubstr("\nvalue 2\n"));
}

TEST(MetricRegistryTest, ScrapesBesideObservationsAgreeWithThemselves) {
  constexpr int kThreads = 8, kTimes = 20000;
  MetricRegistry registry;
  HistogramFamily* const family = registry.AddHistogram({"latency", "", {"model"}, 1}, ExponentialBounds(1, 2, 3));
  std::atomic<int> running{kThreads};
  std::vector<std::thread> threads;
  threads.reserve(kThreads);
  for (int thread = 0; thread < kThreads; ++thread) {
    threads.emplace_back([&, thread] {
      for (int i = 0; i < kTimes; ++i) family->With({absl::StrCat(thread % 2)})->Observe(i % 10);
      --running;
    });
  }
  const auto value_of = [](const std::string& page, const std::string& series) {
    uint64_t value = 0;
    for (absl::string_view line : absl::StrSplit(page, '\n')) {
      if (!absl::ConsumePrefix(&line, absl::StrCat(series, " "))) continue;
      EXPECT_TRUE(absl::SimpleAtoi(line, &value)) << line;
    }
    return value;
  };
  uint64_t last = 0;
  while (running > 0) {
    const std::string page = registry.Scrape();
    const uint64_t count = value_of(page, "latency_count{model=\"0\"}");
    ASSERT_EQ(count, value_of(page, "latency_bucket{model=\"0\",le=\"+Inf\"}"));
    ASSERT_GE(count, value_of(page, "latency_bucket{model=\"0\",le=\"4\"}"));
    ASSERT_GE(count, last);
    last = count;
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(value_of(registry.Scrape(), "latency_count{model=\"0\"}"), uint64_t{kThreads / 2} * kTimes);
  EXPECT_EQ(value_of(registry.Scrape(), "latency_count{model=\"1\"}"), uint64_t{kThreads / 2} * kTimes);
}

TEST(MetricRegistryDeathTest, ANameIsTakenOnceAndMustBeValid) {
  ::testing::FLAGS_gtest_death_test_style = "threadsafe";
  MetricRegistry registry;
  registry.AddCounter({"taken", "", {}});
  EXPECT_DEATH(registry.AddGauge({"taken", "", {}}), "metric \"taken\"");
  EXPECT_DEATH(registry.AddGauge({"not valid", "", {}}), "metric \"not valid\"");
}

TEST(ProcessMetricsTest, AreThoseOfThisProcess) {
  MetricRegistry registry;
  AddProcessMetrics(&registry);
  const auto value_of = [&registry](const std::string& name) {
    double value = -1;
    for (absl::string_view line : absl::StrSplit(registry.Scrape(), '\n')) {
      if (!absl::ConsumePrefix(&line, name + " ")) continue;
      EXPECT_TRUE(absl::SimpleAtod(line, &value)) << line;
    }
    return value;
  };
  EXPECT_GT(value_of("process_resident_memory_bytes"), 1 << 20);
  EXPECT_LT(value_of("process_resident_memory_bytes"), value_of("process_virtual_memory_bytes"));
  EXPECT_GE(value_of("process_cpu_seconds_total"), 0);
  const double now = static_cast<double>(std::time(nullptr));
  EXPECT_NEAR(value_of("process_start_time_seconds"), now, 600);
  EXPECT_GT(value_of("process_max_fds"), 3);

  const double fds = value_of("process_open_fds");
  EXPECT_GE(fds, 3);
  std::FILE* const file = std::fopen("/dev/null", "r");
  ASSERT_NE(file, nullptr);
  EXPECT_EQ(value_of("process_open_fds"), fds + 1);
  std::fclose(file);
}

}  // namespace
}  // namespace trilho

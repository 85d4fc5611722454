#include "cpp_server/metrics/exposition.h"

#include <limits>

#include "gtest/gtest.h"

namespace trilho {
namespace {

TEST(ExpositionTest, ScalarsWithAndWithoutLabels) {
  const MetricDescriptor plain = {"up", "Is it?", {}};
  const MetricDescriptor labelled = {"requests_total", "Requests.", {"model", "code"}};
  ExpositionWriter writer;
  writer.BeginFamily(plain, MetricType::kGauge);
  writer.Value({}, 0.5);
  writer.BeginFamily(labelled, MetricType::kCounter);
  writer.Value({"m", "OK"}, uint64_t{18446744073709551615u});
  writer.Value({"m", ""}, uint64_t{0});
  EXPECT_EQ(std::move(writer).Release(),
            "# HELP up Is it?\n"
            "# TYPE up gauge\n"
            "up 0.5\n"
            "# HELP requests_total Requests.\n"
            "# TYPE requests_total counter\n"
            "requests_total{model=\"m\",code=\"OK\"} 18446744073709551615\n"
            "requests_total{model=\"m\",code=\"\"} 0\n");
}

TEST(ExpositionTest, HistogramsAreCumulative) {
  const MetricDescriptor descriptor = {"latency", "Time.", {"model"}};
  const MetricDescriptor plain = {"size", "Size.", {}};
  ExpositionWriter writer;
  writer.BeginFamily(descriptor, MetricType::kHistogram);
  writer.Value({"m"}, {0.25, 10, 1049760.5}, {{1, 0, 2, 3}, 7.75});
  writer.BeginFamily(plain, MetricType::kHistogram);
  writer.Value({}, {1}, {{0, 0}, 0});
  EXPECT_EQ(std::move(writer).Release(),
            "# HELP latency Time.\n"
            "# TYPE latency histogram\n"
            "latency_bucket{model=\"m\",le=\"0.25\"} 1\n"
            "latency_bucket{model=\"m\",le=\"10\"} 1\n"
            "latency_bucket{model=\"m\",le=\"1.04976e+06\"} 3\n"
            "latency_bucket{model=\"m\",le=\"+Inf\"} 6\n"
            "latency_sum{model=\"m\"} 7.75\n"
            "latency_count{model=\"m\"} 6\n"
            "# HELP size Size.\n"
            "# TYPE size histogram\n"
            "size_bucket{le=\"1\"} 0\n"
            "size_bucket{le=\"+Inf\"} 0\n"
            "size_sum 0\n"
            "size_count 0\n");
}

TEST(ExpositionTest, EscapesLabelValuesAndHelp) {
  const MetricDescriptor descriptor = {"x", "a \\ b\nand \"c\"", {"l"}};
  ExpositionWriter writer;
  writer.BeginFamily(descriptor, MetricType::kGauge);
  writer.Value({"a\\b\"c\nd\xC3\xA9{}"}, 1.0);
  EXPECT_EQ(std::move(writer).Release(),
            "# HELP x a \\\\ b\\nand \"c\"\n"
            "# TYPE x gauge\n"
            "x{l=\"a\\\\b\\\"c\\nd\xC3\xA9{}\"} 1\n");
}

TEST(ExpositionTest, FormatsValues) {
  EXPECT_EQ(FormatMetricValue(0), "0");
  EXPECT_EQ(FormatMetricValue(-3), "-3");
  EXPECT_EQ(FormatMetricValue(123456789012), "123456789012");
  EXPECT_EQ(FormatMetricValue(0.1), "0.1");
  EXPECT_EQ(FormatMetricValue(1e-7), "1e-07");
  EXPECT_EQ(FormatMetricValue(1e300), "1e+300");
  EXPECT_EQ(FormatMetricValue(std::numeric_limits<double>::quiet_NaN()), "NaN");
  EXPECT_EQ(FormatMetricValue(std::numeric_limits<double>::infinity()), "+Inf");
  EXPECT_EQ(FormatMetricValue(-std::numeric_limits<double>::infinity()), "-Inf");
}

TEST(ExpositionTest, KnowsValidDescriptors) {
  EXPECT_TRUE(IsValid({":tensorflow:serving:x_1", "", {"API", "_a1"}, 2}));
  EXPECT_FALSE(IsValid({"", "", {}}));
  EXPECT_FALSE(IsValid({"1x", "", {}}));
  EXPECT_FALSE(IsValid({"a-b", "", {}}));
  EXPECT_FALSE(IsValid({"x", "", {"a:b"}}));
  EXPECT_FALSE(IsValid({"x", "", {"__reserved"}}));
  EXPECT_FALSE(IsValid({"x", "", {"le"}}));
  EXPECT_FALSE(IsValid({"x", "", {"a"}, 2})) << "more open labels than labels";
}

}  // namespace
}  // namespace trilho

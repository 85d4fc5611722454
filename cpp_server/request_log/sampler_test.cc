#include "cpp_server/request_log/sampler.h"

#include <atomic>
#include <limits>
#include <thread>
#include <vector>

#include "gtest/gtest.h"

namespace trilho {
namespace {

int Count(const Sampler& sampler, const char* model, int tries) {
  int sampled = 0;
  for (int i = 0; i < tries; ++i) sampled += sampler.Sample(model) ? 1 : 0;
  return sampled;
}

TEST(SamplerTest, NothingIsSampledOfAModelWithoutARate) {
  const Sampler sampler;
  EXPECT_EQ(Count(sampler, "m", 1000), 0);
}

TEST(SamplerTest, ZeroIsNeverAndOneIsAlways) {
  Sampler sampler;
  sampler.SetRates({{"never", 0.0}, {"always", 1.0}});
  EXPECT_EQ(Count(sampler, "never", 100000), 0);
  EXPECT_EQ(Count(sampler, "always", 100000), 100000);
}

// Bounds are eight standard deviations away.
TEST(SamplerTest, InBetweenIsAPart) {
  Sampler sampler;
  sampler.SetRates({{"half", 0.5}, {"few", 0.01}, {"most", 0.99}});
  EXPECT_NEAR(Count(sampler, "half", 100000), 50000, 1265);
  EXPECT_NEAR(Count(sampler, "few", 100000), 1000, 252);
  EXPECT_NEAR(Count(sampler, "most", 100000), 99000, 252);
}

TEST(SamplerTest, RatesAreReplaced) {
  Sampler sampler;
  sampler.SetRates({{"a", 1.0}, {"b", 1.0}});
  sampler.SetRates({{"b", 0.0}, {"c", 1.0}});
  EXPECT_FALSE(sampler.Sample("a"));
  EXPECT_FALSE(sampler.Sample("b"));
  EXPECT_TRUE(sampler.Sample("c"));
  sampler.SetRates({{"a", 1.0}});
  EXPECT_TRUE(sampler.Sample("a"));
}

TEST(SamplerTest, RatesChangeWhileOthersSample) {
  Sampler sampler;
  std::atomic<bool> stop{false};
  std::vector<std::thread> threads;
  for (int i = 0; i < 2; ++i) {
    threads.emplace_back([&] {
      while (!stop) sampler.Sample("m");
    });
  }
  for (int i = 0; i < 1000; ++i) sampler.SetRates({{"m", i % 2}});
  stop = true;
  for (std::thread& thread : threads) thread.join();
  EXPECT_TRUE(sampler.Sample("m"));
}

}  // namespace
}  // namespace trilho

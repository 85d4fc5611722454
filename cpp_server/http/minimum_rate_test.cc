#include "cpp_server/http/minimum_rate.h"

#include "gtest/gtest.h"

namespace trilho {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr MinimumRate::Clock::time_point kBegin{};

MinimumRate Begun(int bytes_per_second) {
  MinimumRate rate(bytes_per_second, seconds(30));
  rate.Begin(kBegin);
  return rate;
}

TEST(MinimumRate, GivesAWindowAtFirst) {
  const MinimumRate rate = Begun(1000);
  EXPECT_EQ(rate.due(), kBegin + seconds(30));
  EXPECT_TRUE(rate.stands());
}

TEST(MinimumRate, LetsATransferGoOnThatIsJustFastEnough) {
  MinimumRate rate = Begun(1000);
  for (int second = 1; second <= 1000; ++second) {
    ASSERT_GT(rate.due(), kBegin + seconds(second));
    rate.Moved(1000, kBegin + seconds(second));
  }
}

TEST(MinimumRate, EndsATrickle) {
  MinimumRate rate = Begun(1000);
  int second = 0;
  while (rate.due() > kBegin + seconds(second + 1)) rate.Moved(100, kBegin + seconds(++second));
  // A tenth of the rate is gained back every second.
  EXPECT_EQ(second, 33);
  EXPECT_FALSE(rate.stands());
}

TEST(MinimumRate, ABurstGainsNoMoreThanOneWindow) {
  MinimumRate rate = Begun(1000);
  rate.Moved(uint64_t{1} << 40, kBegin + seconds(1));
  EXPECT_EQ(rate.due(), kBegin + seconds(31));
  EXPECT_TRUE(rate.stands());
  int second = 1;
  while (rate.due() > kBegin + seconds(second + 1)) rate.Moved(100, kBegin + seconds(++second));
  EXPECT_EQ(second, 34);
}

TEST(MinimumRate, MayAskForSomethingOnly) {
  MinimumRate rate = Begun(0);
  for (int i = 1; i <= 10; ++i) {
    rate.Moved(1, kBegin + seconds(29) * i);
    EXPECT_EQ(rate.due(), kBegin + seconds(29) * i + seconds(30));
    EXPECT_TRUE(rate.stands());
  }
  rate.Moved(0, kBegin + seconds(300));
  EXPECT_EQ(rate.due(), kBegin + seconds(320));
}

TEST(MinimumRate, TellsHowFastATransferGoes) {
  MinimumRate rate = Begun(1000);
  EXPECT_EQ(rate.RecentRate(kBegin), 0);
  for (int i = 1; i <= 1000; ++i) {
    rate.Moved(500, kBegin + milliseconds(100) * i);
    // From the first bytes on.
    ASSERT_NEAR(rate.RecentRate(kBegin + milliseconds(100) * i), 5000, 100) << i;
  }
}

TEST(MinimumRate, WhoeverWasFastOnceIsNotFastForEver) {
  MinimumRate burst = Begun(1000);
  burst.Moved(50 << 20, kBegin + milliseconds(500));
  MinimumRate steady = Begun(1000);
  for (int second = 1; second <= 60; ++second) {
    burst.Moved(1 << 10, kBegin + seconds(second));
    steady.Moved(100 << 10, kBegin + seconds(second));
  }
  EXPECT_LT(burst.RecentRate(kBegin + seconds(60)), steady.RecentRate(kBegin + seconds(60)));
  // Nothing at all is slower still.
  EXPECT_LT(steady.RecentRate(kBegin + seconds(90)), steady.RecentRate(kBegin + seconds(60)) / 100);
}

}  // namespace
}  // namespace trilho

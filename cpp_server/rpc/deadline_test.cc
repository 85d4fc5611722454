#include "cpp_server/rpc/deadline.h"

#include <chrono>
#include <cstdint>
#include <limits>

#include "gtest/gtest.h"

namespace trilho {
namespace {

using std::chrono::steady_clock;

gpr_timespec Later(gpr_clock_type clock, int64_t seconds) {
  return gpr_time_add(gpr_now(clock), gpr_time_from_seconds(seconds, GPR_TIMESPAN));
}

TEST(SteadyDeadlineTest, IsWhenThatOfAnyClockIs) {
  for (const gpr_clock_type clock : {GPR_CLOCK_REALTIME, GPR_CLOCK_MONOTONIC}) {
    const auto before = steady_clock::now();
    const auto deadline = SteadyDeadline(Later(clock, 7200));
    const auto after = steady_clock::now();
    EXPECT_GT(deadline, before + std::chrono::minutes(119)) << clock;
    EXPECT_LE(deadline, after + std::chrono::hours(2)) << clock;
  }
}

TEST(SteadyDeadlineTest, ThatHasPassedIsPast) {
  for (const gpr_timespec past :
       {Later(GPR_CLOCK_MONOTONIC, -1), Later(GPR_CLOCK_REALTIME, -int64_t{3600} * 24 * 365 * 30),
        gpr_inf_past(GPR_CLOCK_REALTIME)}) {
    const auto deadline = SteadyDeadline(past);
    EXPECT_LE(deadline, steady_clock::now()) << past.tv_sec;
  }
}

TEST(SteadyDeadlineTest, ThatNoClockOfNanosecondsHoldsIsFarAndNotPast) {
  const auto never = steady_clock::time_point::max();
  EXPECT_EQ(SteadyDeadline(gpr_inf_future(GPR_CLOCK_REALTIME)), never);
  EXPECT_EQ(SteadyDeadline(gpr_inf_future(GPR_CLOCK_MONOTONIC)), never);
  for (const int64_t years : {237, 292, 300, 11000, 250'000'000}) {
    EXPECT_EQ(SteadyDeadline(Later(GPR_CLOCK_REALTIME, years * 365 * 24 * 3600)), never) << years;
  }
  EXPECT_EQ(SteadyDeadline({std::numeric_limits<int64_t>::max() - 1, 0, GPR_CLOCK_MONOTONIC}), never);
}

}  // namespace
}  // namespace trilho

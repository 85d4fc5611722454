#include "cpp_server/core/retry_schedule.h"

#include "gtest/gtest.h"

namespace trilho {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;

class RetryScheduleTest : public ::testing::Test {
 protected:
  RetryScheduleTest() {
    options_.max_num_load_retries = 2;
    options_.load_retry_interval = seconds(10);
    options_.failed_backoff = minutes(1);
    options_.max_failed_backoff = minutes(5);
  }
  // The wait for the next try; negative if there is none.
  seconds Fail() {
    goes_on_ = schedule_.NoteFailure(options_, now_);
    if (!schedule_.next()) return seconds(-1);
    return std::chrono::duration_cast<seconds>(*schedule_.next() - now_);
  }

  ManagerOptions options_;
  const RetrySchedule::TimePoint now_ = RetrySchedule::TimePoint() + std::chrono::hours(1);
  RetrySchedule schedule_;
  bool goes_on_ = false;
};

TEST_F(RetryScheduleTest, TriesAFewTimesAndThenBacksOff) {
  for (int i = 0; i < 2; ++i) {
    EXPECT_EQ(Fail(), seconds(10));
    EXPECT_TRUE(goes_on_);
  }
  for (const int wait : {1, 2, 4, 5, 5}) {
    EXPECT_EQ(Fail(), minutes(wait));
    EXPECT_FALSE(goes_on_);
  }
  EXPECT_EQ(schedule_.failures(), 7);
}

TEST_F(RetryScheduleTest, BeginsAnewWhenItIsReset) {
  for (int i = 0; i < 5; ++i) Fail();
  schedule_.Reset();
  EXPECT_EQ(schedule_.failures(), 0);
  EXPECT_FALSE(schedule_.next());
  EXPECT_EQ(Fail(), seconds(10));
}

TEST_F(RetryScheduleTest, IsDueFromItsTimeOnUntilItIsCancelled) {
  Fail();
  EXPECT_FALSE(schedule_.IsDue(now_ + seconds(9)));
  EXPECT_TRUE(schedule_.IsDue(now_ + seconds(10)));
  schedule_.Cancel();
  EXPECT_FALSE(schedule_.IsDue(now_ + seconds(10)));
  EXPECT_EQ(schedule_.failures(), 1);
}

TEST_F(RetryScheduleTest, WithoutWaitsItTriesAtOnceAndWithoutBackOffNeverAgain) {
  options_.load_retry_interval = seconds(-5);
  options_.failed_backoff = seconds(0);
  EXPECT_EQ(Fail(), seconds(0));
  EXPECT_EQ(Fail(), seconds(0));
  EXPECT_EQ(Fail(), seconds(-1));
  EXPECT_FALSE(goes_on_);
}

TEST_F(RetryScheduleTest, AnEndlessWaitDoesNotOverflow) {
  options_.load_retry_interval = std::chrono::microseconds::max();
  EXPECT_GT(Fail(), std::chrono::hours(24));
}

}  // namespace
}  // namespace trilho

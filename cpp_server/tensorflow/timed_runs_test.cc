#include "cpp_server/tensorflow/timed_runs.h"

#include <memory>
#include <thread>
#include <utility>
#include <vector>

#include "cpp_server/core/mutex.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace trilho {
namespace {

using std::chrono::milliseconds;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

// Held until a test lets it go.
class Gate {
 public:
  void Open() {
    MutexLock lock(&mu_);
    is_open_ = true;
    cv_.NotifyAll();
  }
  void Pass() {
    MutexLock lock(&mu_);
    while (!is_open_) cv_.Wait(&mu_);
  }

 private:
  Mutex mu_;
  CondVar cv_;
  bool is_open_ GUARDED_BY(mu_) = false;
};

TimedRun Returning(const std::string& name, absl::Status status) {
  return {name, [status = std::move(status)](milliseconds) { return status; }};
}

TEST(TimedRunsTest, EachIsMadeInOrderWithItsOwnEnd) {
  const TimedRunsResult result = MakeTimedRuns(
      {Returning("a", absl::OkStatus()), Returning("b", absl::InternalError("b")), Returning("c", absl::OkStatus())},
      std::chrono::hours(1));
  ASSERT_EQ(result.ended.size(), 3u);
  EXPECT_EQ(result.ended[0].name, "a");
  EXPECT_EQ(result.ended[0].status, absl::OkStatus());
  EXPECT_EQ(result.ended[1].status, absl::InternalError("b"));
  EXPECT_EQ(result.ended[2].name, "c");
  EXPECT_THAT(result.unfinished, IsEmpty());
  EXPECT_THAT(result.skipped, IsEmpty());
  EXPECT_FALSE(result.goes_on);
  EXPECT_EQ(TimedRunsGoingOn(), 0);
}

TEST(TimedRunsTest, ARunIsGivenTheTimeThatIsLeft) {
  std::vector<milliseconds> left;
  const auto take = [&left](milliseconds given) {
    left.push_back(given);
    std::this_thread::sleep_for(milliseconds(2));
    return absl::OkStatus();
  };
  MakeTimedRuns({{"a", take}, {"b", take}}, milliseconds(60000));
  ASSERT_EQ(left.size(), 2u);
  EXPECT_LE(left[0], milliseconds(60000));
  EXPECT_LT(left[1], left[0]);
}

TEST(TimedRunsTest, OneThatIsEndedByItsTimeIsUnfinishedAndTheRestIsNotBegun) {
  const TimedRunsResult result = MakeTimedRuns({{"a",
                                                 [](milliseconds left) {
                                                   std::this_thread::sleep_for(left);
                                                   return absl::DeadlineExceededError("over");
                                                 }},
                                                Returning("b", absl::OkStatus())},
                                               milliseconds(50));
  EXPECT_THAT(result.ended, IsEmpty());
  EXPECT_EQ(result.unfinished, "a");
  EXPECT_THAT(result.skipped, ElementsAre("b"));
  EXPECT_FALSE(result.goes_on);
}

TEST(TimedRunsTest, OneThatDoesNotEndIsLeftToAThreadThatKeepsWhatItUses) {
  auto gate = std::make_shared<Gate>();
  const std::weak_ptr<Gate> used = gate;
  const TimedRunsResult result = MakeTimedRuns({{"a",
                                                 [gate](milliseconds) {
                                                   gate->Pass();
                                                   return absl::OkStatus();
                                                 }},
                                                Returning("b", absl::OkStatus())},
                                               milliseconds(1));
  EXPECT_THAT(result.ended, IsEmpty());
  EXPECT_EQ(result.unfinished, "a");
  EXPECT_TRUE(result.goes_on);
  EXPECT_THAT(result.skipped, ElementsAre("b"));
  EXPECT_EQ(TimedRunsGoingOn(), 1);
  gate->Open();
  gate.reset();
  // It goes, with all that it kept.
  while (TimedRunsGoingOn() > 0) std::this_thread::yield();
  EXPECT_TRUE(used.expired());
}

}  // namespace
}  // namespace trilho

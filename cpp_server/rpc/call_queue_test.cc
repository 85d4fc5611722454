#include "cpp_server/rpc/call_queue.h"

#include <atomic>
#include <functional>
#include <future>
#include <thread>
#include <utility>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace trilho {
namespace {

using ::testing::ElementsAre;

class FakeCall final : public QueuedCall {
 public:
  explicit FakeCall(std::function<void()> handle) : handle_(std::move(handle)) {}
  void Handle() override { handle_(); }
  void Reject(size_t bound) override { rejected_by_ = bound; }
  void GiveUp() override { given_up_ = true; }
  size_t rejected_by() const { return rejected_by_; }
  bool given_up() const { return given_up_; }

 private:
  const std::function<void()> handle_;
  size_t rejected_by_ = 0;
  bool given_up_ = false;
};

TEST(CallQueueTest, RunsOnTheCallingThreadWhileThereIsRoom) {
  CallQueue queue(1, 0);
  std::thread::id ran_on;
  FakeCall call([&] { ran_on = std::this_thread::get_id(); });
  queue.Add(&call);
  EXPECT_EQ(ran_on, std::this_thread::get_id());
}

TEST(CallQueueTest, CallsBeyondTheRoomWaitInOrderAndAreRunByTheThreadThatIsBusy) {
  CallQueue queue(1, 10);
  std::promise<void> started, finish;
  std::vector<int> order;
  FakeCall first([&] {
    started.set_value();
    finish.get_future().wait();
    order.push_back(1);
  });
  FakeCall second([&] { order.push_back(2); });
  FakeCall third([&] { order.push_back(3); });
  std::thread runner([&] { queue.Add(&first); });
  started.get_future().wait();
  queue.Add(&second);
  queue.Add(&third);
  EXPECT_EQ(queue.waiting(), 2u);
  finish.set_value();
  runner.join();
  EXPECT_THAT(order, ElementsAre(1, 2, 3));
  EXPECT_EQ(queue.waiting(), 0u);
}

TEST(CallQueueTest, CallsThatWaitAreGivenUpAndOthersNot) {
  CallQueue queue(1, 10);
  std::promise<void> started, finish;
  std::atomic<int> run{0};
  FakeCall running([&] {
    started.set_value();
    finish.get_future().wait();
    ++run;
  });
  FakeCall waiting([&] { ++run; });
  FakeCall later([&] { ++run; });
  std::thread runner([&] { queue.Add(&running); });
  started.get_future().wait();
  queue.Add(&waiting);
  queue.GiveUp();
  EXPECT_TRUE(waiting.given_up());
  EXPECT_FALSE(running.given_up());
  queue.Add(&later);
  finish.set_value();
  runner.join();
  EXPECT_EQ(run, 2) << "what ran, and what came later";
  EXPECT_FALSE(later.given_up());
}

TEST(CallQueueTest, CallsBeyondTheBoundAreRejectedAtOnce) {
  CallQueue queue(1, 1);
  std::promise<void> started, finish;
  FakeCall running([&] {
    started.set_value();
    finish.get_future().wait();
  });
  bool second_ran = false;
  FakeCall waiting([&] { second_ran = true; });
  FakeCall surplus([] { FAIL() << "there was no room for it"; });
  std::thread runner([&] { queue.Add(&running); });
  started.get_future().wait();
  queue.Add(&waiting);
  queue.Add(&surplus);
  EXPECT_EQ(surplus.rejected_by(), 1u);
  finish.set_value();
  runner.join();
  EXPECT_TRUE(second_ran);
}

TEST(CallQueueTest, ACallThatIsHandledAgainGoesFirstWhateverTheBound) {
  CallQueue queue(1, 1);
  std::promise<void> started, finish;
  std::vector<int> order;
  FakeCall running([&] {
    started.set_value();
    finish.get_future().wait();
  });
  FakeCall waiting([&] { order.push_back(3); });
  FakeCall again([&] { order.push_back(1); }), later([&] { order.push_back(2); });
  std::thread runner([&] { queue.Add(&running); });
  started.get_future().wait();
  queue.Add(&waiting);
  queue.AddAgain(&again);
  queue.AddAgain(&later);
  EXPECT_EQ(queue.waiting(), 3u);
  finish.set_value();
  runner.join();
  EXPECT_THAT(order, ElementsAre(1, 2, 3));
  queue.AddAgain(&again);
  EXPECT_THAT(order, ElementsAre(1, 2, 3, 1)) << "on the calling thread, as there is room";
}

TEST(CallQueueTest, NeverRunsMoreThanItMayNorLosesACall) {
  constexpr int kRoom = 3, kThreads = 8, kCalls = 2000;
  CallQueue queue(kRoom, kThreads * kCalls);
  std::atomic<int> running{0}, most{0}, done{0};
  FakeCall call([&] {
    const int now = ++running;
    int seen = most;
    while (seen < now && !most.compare_exchange_weak(seen, now)) {
    }
    --running;
    ++done;
  });
  std::vector<std::thread> threads;
  for (int i = 0; i < kThreads; ++i) {
    threads.emplace_back([&] {
      for (int n = 0; n < kCalls; ++n) queue.Add(&call);
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(done, kThreads * kCalls);
  EXPECT_LE(most, kRoom);
}

}  // namespace
}  // namespace trilho

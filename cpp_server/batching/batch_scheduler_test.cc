#include "cpp_server/batching/batch_scheduler.h"

#include <functional>
#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace trilho {
namespace {

using ::testing::ElementsAre;

BatchScheduler::TimePoint Now() { return std::chrono::steady_clock::now(); }

class Log {
 public:
  void Add(const std::string& line) {
    MutexLock lock(&mu_);
    lines_.push_back(line);
    changed_.NotifyAll();
  }
  std::vector<std::string> Await(size_t count) {
    MutexLock lock(&mu_);
    while (lines_.size() < count) changed_.Wait(&mu_);
    return lines_;
  }

 private:
  Mutex mu_;
  CondVar changed_;
  std::vector<std::string> lines_ GUARDED_BY(mu_);
};

class FakeSource final : public BatchScheduler::Source {
 public:
  explicit FakeSource(std::function<void()> run) : run_(std::move(run)) {}
  void RunNext() override { run_(); }

 private:
  const std::function<void()> run_;
};

class BatchSchedulerTest : public ::testing::Test {
 protected:
  using Shared = std::shared_ptr<BatchScheduler::Share>;
  static Shared NewShare() { return std::make_shared<BatchScheduler::Share>(); }

  std::shared_ptr<FakeSource> Logs(const std::string& line) {
    return std::make_shared<FakeSource>([this, line] { log_.Add(line); });
  }

  Log log_;
};

TEST_F(BatchSchedulerTest, AModelHasOneTurnHoweverManyQueuesItHas) {
  BatchScheduler scheduler;
  const Shared large = NewShare(), small = NewShare();
  for (const char* name : {"large 1", "large 2", "large 3"}) scheduler.Schedule(large, Logs(name), Now());
  for (const char* name : {"small 1", "small 2"}) scheduler.Schedule(small, Logs(name), Now());
  scheduler.Schedule(NewShare(), std::make_shared<FakeSource>([] {}), Now());
  std::thread worker([&] { scheduler.Work(); });
  EXPECT_THAT(log_.Await(5), ElementsAre("large 1", "small 1", "large 2", "small 2", "large 3"));
  scheduler.Stop();
  worker.join();
}

TEST_F(BatchSchedulerTest, WhoSchedulesItselfAgainIsLast) {
  BatchScheduler scheduler;
  const Shared busy = NewShare(), other = NewShare();
  int left = 3;
  std::shared_ptr<FakeSource> again;
  again = std::make_shared<FakeSource>([&] {
    log_.Add("busy");
    if (--left > 0) scheduler.Schedule(busy, again, Now());
  });
  scheduler.Schedule(busy, again, Now());
  for (const char* name : {"other 1", "other 2"}) scheduler.Schedule(other, Logs(name), Now());
  std::thread worker([&] { scheduler.Work(); });
  EXPECT_THAT(log_.Await(5), ElementsAre("busy", "other 1", "busy", "other 2", "busy"));
  scheduler.Stop();
  worker.join();
}

TEST_F(BatchSchedulerTest, NobodyIsCalledTooEarlyNorWaitedFor) {
  BatchThreads threads(1);
  const Shared share = NewShare();
  const auto begin = Now();
  threads.scheduler()->Schedule(share, Logs("later"), begin + std::chrono::milliseconds(20));
  threads.scheduler()->Schedule(share, Logs("at once"), begin);
  EXPECT_THAT(log_.Await(2), ElementsAre("at once", "later"));
  EXPECT_GE(Now() - begin, std::chrono::milliseconds(20));
}

TEST_F(BatchSchedulerTest, IsBroughtForwardAndCalledOnce) {
  BatchThreads threads(2);
  const Shared share = NewShare();
  const auto source = Logs("once"), last = Logs("last");
  threads.scheduler()->Schedule(share, source, Now() + std::chrono::hours(1));
  threads.scheduler()->Schedule(share, source, Now());
  EXPECT_THAT(log_.Await(1), ElementsAre("once"));
  threads.scheduler()->Schedule(share, last, Now());
  EXPECT_THAT(log_.Await(2), ElementsAre("once", "last"));
}

TEST_F(BatchSchedulerTest, ATimeIsKeptThoughTheThreadThatWaitedForItIsBusy) {
  BatchThreads threads(2);
  const Shared share = NewShare();
  threads.scheduler()->Schedule(share, Logs("in time"), Now() + std::chrono::milliseconds(10));
  // Takes the thread that is woken, and keeps it until the other one has been in time.
  threads.scheduler()->Schedule(share, std::make_shared<FakeSource>([this] { log_.Await(1); }), Now());
  EXPECT_THAT(log_.Await(1), ElementsAre("in time"));
}

TEST_F(BatchSchedulerTest, MayBeDestroyedOnOneOfItsThreads) {
  auto threads = std::make_unique<BatchThreads>(3);
  const auto scheduler = threads->scheduler();
  scheduler->Schedule(NewShare(), std::make_shared<FakeSource>([&] {
                        threads.reset();
                        log_.Add("destroyed");
                      }),
                      Now());
  EXPECT_THAT(log_.Await(1), ElementsAre("destroyed"));
}

}  // namespace
}  // namespace trilho

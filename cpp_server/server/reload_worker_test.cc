#include "cpp_server/server/reload_worker.h"

#include <atomic>
#include <chrono>
#include <future>
#include <memory>
#include <string>

#include "absl/strings/str_cat.h"
#include "cpp_server/core/change_counter.h"
#include "gtest/gtest.h"

namespace trilho {
namespace {

// A job that a test watches and completes.
struct Watched {
  ReloadWorker::Job Job(absl::Status change = absl::OkStatus(), absl::Status result = absl::OkStatus()) {
    return {[this, change] {
              changed.set_value();
              return change;
            },
            [this] { return complete.load(); },
            /*patience=*/std::chrono::milliseconds(0), [result] { return result; },
            [this](absl::Status status) { done.set_value(std::move(status)); }};
  }

  std::promise<void> changed;
  std::atomic<bool> complete{false};
  std::promise<absl::Status> done;
};

TEST(ReloadWorkerTest, AJobThatIsWaitedForHoldsUpNoOther) {
  Watched slow, fast;
  const auto changes = std::make_shared<ChangeCounter>();
  ReloadWorker worker(changes);
  worker.Add(slow.Job());
  slow.changed.get_future().wait();
  fast.complete = true;
  worker.Add(fast.Job());
  EXPECT_EQ(fast.done.get_future().get(), absl::OkStatus());
  auto done = slow.done.get_future();
  EXPECT_EQ(done.wait_for(std::chrono::seconds(0)), std::future_status::timeout);
  slow.complete = true;
  changes->Note();
  EXPECT_EQ(done.get(), absl::OkStatus());
}

TEST(ReloadWorkerTest, SaysWhatCameOfIt) {
  Watched refused, failed;
  failed.complete = true;
  ReloadWorker worker(std::make_shared<ChangeCounter>());
  worker.Add(refused.Job(absl::AbortedError("somebody else was first")));
  worker.Add(failed.Job(absl::OkStatus(), absl::UnknownError("it does not load")));
  EXPECT_EQ(refused.done.get_future().get(), absl::AbortedError("somebody else was first"));
  EXPECT_EQ(failed.done.get_future().get(), absl::UnknownError("it does not load"));
}

TEST(ReloadWorkerTest, MakesChangesInTheirOrder) {
  std::string order;
  Watched last;
  last.complete = true;
  ReloadWorker worker(std::make_shared<ChangeCounter>());
  for (int i = 0; i < 10; ++i) {
    ReloadWorker::Job job;
    job.change = [&order, i] {
      absl::StrAppend(&order, i);
      return absl::OkStatus();
    };
    job.is_complete = [] { return true; };
    job.result = [] { return absl::OkStatus(); };
    job.done = [](const absl::Status&) {};
    worker.Add(std::move(job));
  }
  worker.Add(last.Job());
  last.done.get_future().wait();
  EXPECT_EQ(order, "0123456789");
}

TEST(ReloadWorkerTest, AJobWhosePatienceIsOverIsAskedWithoutAChange) {
  const auto begin = std::chrono::steady_clock::now();
  Watched late;
  ReloadWorker::Job job = late.Job();
  job.patience = std::chrono::milliseconds(20);
  job.is_complete = [begin, patience = job.patience] { return std::chrono::steady_clock::now() >= begin + patience; };
  ReloadWorker worker(std::make_shared<ChangeCounter>());
  worker.Add(std::move(job));
  EXPECT_EQ(late.done.get_future().get(), absl::OkStatus());
}

TEST(ReloadWorkerTest, AStopEndsWaitsAndRefusesWhatComesLater) {
  Watched waiting, late;
  {
    ReloadWorker worker(std::make_shared<ChangeCounter>());
    worker.Add(waiting.Job());
    waiting.changed.get_future().wait();
    worker.Stop();
    EXPECT_EQ(waiting.done.get_future().get(),
              absl::UnavailableError("the configuration was taken, but the server shut down before it was loaded"));
    worker.Add(late.Job());
  }
  EXPECT_EQ(late.done.get_future().get(), absl::UnavailableError("the server is shutting down"));
}

}  // namespace
}  // namespace trilho

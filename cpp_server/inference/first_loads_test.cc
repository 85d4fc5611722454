#include "cpp_server/inference/first_loads.h"

#include <atomic>
#include <chrono>
#include <future>
#include <map>
#include <memory>
#include <new>
#include <string>
#include <thread>
#include <vector>

#include "absl/status/status.h"
#include "cpp_server/core/mutex.h"
#include "gtest/gtest.h"

namespace trilho {
namespace {

// Models that settle when the test says so.
class FirstLoadsTest : public ::testing::Test {
 protected:
  explicit FirstLoadsTest() { Make(FirstLoads::Options()); }

  void Make(const FirstLoads::Options& options) {
    loads_ = std::make_unique<FirstLoads>(
        options,
        [this](const std::string& model, FirstLoads::Clock::time_point since) {
          EXPECT_LE(since, FirstLoads::Clock::now());
          MutexLock lock(&mu_);
          SpendMemory(&looks_without_memory_);
          return settled_.count(model) > 0;
        },
        [this](const std::string& model) {
          MutexLock lock(&mu_);
          SpendMemory(&outcomes_without_memory_);
          return settled_.at(model);
        });
  }

  // Throws so many times.
  static void SpendMemory(int* times) {
    if (*times == 0) return;
    --*times;
    throw std::bad_alloc();
  }

  void Settle(const std::string& model, const absl::Status& outcome = absl::OkStatus()) {
    {
      MutexLock lock(&mu_);
      settled_[model] = outcome;
    }
    loads_->Note(model);
  }

  // As if the source looked at it anew.
  void Unsettle(const std::string& model) {
    MutexLock lock(&mu_);
    settled_.erase(model);
  }

  // What becomes of a call of `model`, which must be pending.
  std::future<absl::Status> Call(const std::string& model, const CallContext& context = {}) {
    const absl::Status absence = loads_->Absence(model);
    EXPECT_EQ(absence.code(), absl::StatusCode::kUnavailable);
    EXPECT_TRUE(loads_->Takes(absence));
    const auto resumed = std::make_shared<std::promise<absl::Status>>();
    loads_->Defer(absence, context, [resumed](const absl::Status& status) { resumed->set_value(status); });
    return resumed->get_future();
  }

  Mutex mu_;
  std::map<std::string, absl::Status> settled_ GUARDED_BY(mu_);
  int looks_without_memory_ GUARDED_BY(mu_) = 0;
  int outcomes_without_memory_ GUARDED_BY(mu_) = 0;
  std::unique_ptr<FirstLoads> loads_;
};

TEST_F(FirstLoadsTest, ACallIsBegunAnewWhenItsModelHasSettled) {
  loads_->SetModels({"m", "other"});
  auto first = Call("m"), second = Call("m"), other = Call("other");
  EXPECT_EQ(loads_->waiting(Protocol::kGrpc), 3u);
  Settle("m");
  EXPECT_EQ(first.get(), absl::OkStatus());
  EXPECT_EQ(second.get(), absl::OkStatus());
  EXPECT_EQ(loads_->waiting(Protocol::kGrpc), 1u) << "the other model's";
  EXPECT_EQ(loads_->Absence("m"), absl::OkStatus());
  Settle("other");
  EXPECT_EQ(other.get(), absl::OkStatus());
}

TEST_F(FirstLoadsTest, ACallOfAModelThatCannotBeLoadedGetsTheReason) {
  loads_->SetModels({"m"});
  auto call = Call("m");
  Settle("m", absl::UnavailableError("no folder /models/m"));
  EXPECT_EQ(call.get(), absl::UnavailableError("the model \"m\" could not be loaded: no folder /models/m"));
}

TEST_F(FirstLoadsTest, OnlyTheFirstLoadIsWaitedFor) {
  EXPECT_EQ(loads_->Absence("m"), absl::OkStatus()) << "there is no such model";
  loads_->SetModels({"m"});
  EXPECT_EQ(loads_->Absence("m").message(), "the server is still loading the model \"m\"");
  auto call = Call("m");
  Settle("m");
  EXPECT_EQ(call.get(), absl::OkStatus());
  Unsettle("m");
  loads_->SetModels({"m", "added"});
  EXPECT_EQ(loads_->Absence("m"), absl::OkStatus());
  EXPECT_NE(loads_->Absence("added"), absl::OkStatus());
  loads_->SetModels({"added"});
  loads_->SetModels({"m", "added"});
  EXPECT_NE(loads_->Absence("m"), absl::OkStatus()) << "it was removed in between";
}

TEST_F(FirstLoadsTest, ACallOfAModelThatIsRemovedIsBegunAnew) {
  loads_->SetModels({"m"});
  auto call = Call("m");
  loads_->SetModels({});
  EXPECT_EQ(call.get(), absl::OkStatus()) << "to find that there is no such model";
}

TEST_F(FirstLoadsTest, ACallWaitsNoLongerThanItsDeadline) {
  loads_->SetModels({"m"});
  CallContext context;
  context.deadline = FirstLoads::Clock::now() + std::chrono::milliseconds(100);
  EXPECT_EQ(Call("m", context).get(),
            absl::DeadlineExceededError("the deadline passed while the model \"m\" was still loading"));
  context.deadline = FirstLoads::Clock::time_point::min();
  EXPECT_EQ(Call("m", context).get().code(), absl::StatusCode::kDeadlineExceeded);
}

TEST_F(FirstLoadsTest, ACallWhoseCallerHasGoneWaitsNoLonger) {
  loads_->SetModels({"m"});
  const auto gone = std::make_shared<std::atomic<bool>>(false);
  CallContext context;
  context.cancelled = gone;
  auto call = Call("m", context);
  *gone = true;
  EXPECT_EQ(call.get(), absl::CancelledError("the caller has gone while the model \"m\" was still loading"));
  EXPECT_EQ(loads_->waiting(Protocol::kGrpc), 0u);
}

TEST_F(FirstLoadsTest, ACallWaitsNoLongerThanTheFlagSays) {
  FirstLoads::Options options;
  options.max_wait = std::chrono::milliseconds(1500);
  Make(options);
  loads_->SetModels({"m"});
  EXPECT_EQ(Call("m").get(), absl::UnavailableError("the model \"m\" was still loading when its call had waited for "
                                                    "1.5 s (--max_first_load_wait_seconds)"));
}

TEST_F(FirstLoadsTest, CallsDoNotWaitIfTheFlagSaysSo) {
  FirstLoads::Options options;
  options.max_wait = std::chrono::milliseconds(0);
  Make(options);
  loads_->SetModels({"m"});
  const absl::Status absence = loads_->Absence("m");
  EXPECT_EQ(absence.code(), absl::StatusCode::kUnavailable);
  EXPECT_FALSE(loads_->Takes(absence));
}

TEST_F(FirstLoadsTest, OtherErrorsAreNotTaken) {
  EXPECT_FALSE(loads_->Takes(absl::OkStatus()));
  EXPECT_FALSE(loads_->Takes(absl::UnavailableError("the server is still loading the model \"m\"")));
}

TEST_F(FirstLoadsTest, SoManyCallsOfEachProtocolWait) {
  FirstLoads::Options options;
  options.max_waiting_calls = 2;
  Make(options);
  loads_->SetModels({"m"});
  CallContext rest;
  rest.protocol = Protocol::kRest;
  auto first = Call("m"), second = Call("m"), other = Call("m", rest);
  EXPECT_EQ(Call("m").get(),
            absl::ResourceExhaustedError("the server is overloaded: 2 calls wait already for models that are still "
                                         "loading (--max_queued_requests=2)"));
  EXPECT_EQ(loads_->waiting(Protocol::kGrpc), 2u);
  EXPECT_EQ(loads_->waiting(Protocol::kRest), 1u);
  Settle("m");
  for (auto* const call : {&first, &second, &other}) EXPECT_EQ(call->get(), absl::OkStatus());
}

TEST_F(FirstLoadsTest, AStopAnswersAllCalls) {
  loads_->SetModels({"m"});
  auto before = Call("m");
  loads_->Stop();
  auto after = Call("m");
  const absl::Status stopped =
      absl::UnavailableError("the server is shutting down while the model \"m\" was still loading");
  EXPECT_EQ(before.get(), stopped);
  EXPECT_EQ(after.get(), stopped);
}

TEST_F(FirstLoadsTest, ALookWithoutMemoryIsTakenAgain) {
  loads_->SetModels({"m"});
  auto call = Call("m");
  {
    MutexLock lock(&mu_);
    looks_without_memory_ = 2;
    outcomes_without_memory_ = 2;
  }
  Settle("m", absl::UnavailableError("no folder /models/m"));
  EXPECT_EQ(call.get(), absl::UnavailableError("the model \"m\" could not be loaded: no folder /models/m"));
  MutexLock lock(&mu_);
  EXPECT_EQ(looks_without_memory_, 0);
  EXPECT_EQ(outcomes_without_memory_, 0);
}

TEST_F(FirstLoadsTest, ACallThatHasNoMemoryToBeBegunAnewIsResumedAgain) {
  loads_->SetModels({"m", "other"});
  int without_memory = 2;
  std::promise<absl::Status> resumed;
  loads_->Defer(loads_->Absence("m"), CallContext(), [&](const absl::Status& status) {
    SpendMemory(&without_memory);
    resumed.set_value(status);
  });
  auto other = Call("m");
  Settle("m");
  EXPECT_EQ(other.get(), absl::OkStatus());
  EXPECT_EQ(resumed.get_future().get(), absl::OkStatus());
  EXPECT_EQ(without_memory, 0);
}

TEST_F(FirstLoadsTest, NoCallIsLostWhileModelsSettle) {
  constexpr int kModels = 20, kThreads = 4;
  FirstLoads::Options options;
  options.max_waiting_calls = 1 << 30;
  Make(options);
  std::vector<std::string> models;
  for (int i = 0; i < kModels; ++i) models.push_back("m" + std::to_string(i));
  loads_->SetModels(models);
  std::vector<std::thread> threads;
  std::atomic<int> begun_anew{0}, deferred{0};
  for (int i = 0; i < kThreads; ++i) {
    threads.emplace_back([&] {
      for (const std::string& model : models) {
        for (absl::Status absence = loads_->Absence(model); !absence.ok(); absence = loads_->Absence(model)) {
          ++deferred;
          loads_->Defer(absence, CallContext(), [&](const absl::Status& status) {
            EXPECT_EQ(status, absl::OkStatus());
            ++begun_anew;
          });
        }
      }
    });
  }
  for (const std::string& model : models) Settle(model);
  for (std::thread& thread : threads) thread.join();
  while (loads_->waiting(Protocol::kGrpc) > 0) std::this_thread::yield();
  loads_->Stop();
  EXPECT_EQ(begun_anew, deferred);
}

}  // namespace
}  // namespace trilho

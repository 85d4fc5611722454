#include "cpp_server/lifecycle/model_lifecycle.h"

#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <filesystem>
#include <memory>
#include <set>
#include <thread>

#include "absl/strings/str_cat.h"
#include "cpp_server/core/fake_loader.h"
#include "cpp_server/core/mutex.h"
#include "cpp_server/testing/no_more_threads.h"
#include "cpp_server/testing/test_directory.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace trilho {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Pair;

// Storage that hangs: looks of a location that resolves by it wait until Release.
class Hang {
 public:
  absl::StatusOr<std::string> Resolve(const std::string& path) {
    MutexLock lock(&mu_);
    ++looks_;
    cv_.NotifyAll();
    while (!released_) cv_.Wait(&mu_);
    return path;
  }
  // Waits until somebody hangs.
  void Await() {
    MutexLock lock(&mu_);
    while (looks_ == 0) cv_.Wait(&mu_);
  }
  void Release() {
    MutexLock lock(&mu_);
    released_ = true;
    cv_.NotifyAll();
  }

 private:
  Mutex mu_;
  CondVar cv_;
  int looks_ GUARDED_BY(mu_) = 0;
  bool released_ GUARDED_BY(mu_) = false;
};

// Models whose versions are real files, loaded by a FakeLoader. What happens is in the log of `world_`.
class ModelLifecycleTest : public ::testing::Test {
 protected:
  ModelLifecycleTest() {
    options_.watch.poll_wait = std::chrono::milliseconds(1);
    options_.manager.loader_factory = world_.Factory();
    options_.manager.max_num_load_retries = 0;
    options_.manager.failed_backoff = std::chrono::milliseconds(0);
    options_.manager.on_state_change = [this](const ServableState& state) { world_.NoteState(state); };
  }
  // The models end before what their callbacks use.
  void TearDown() override {
    hang_.Release();
    lifecycle_.reset();
  }

  void Publish(const std::string& folder) {
    dir_.Publish(folder + "-partial", {{"saved_model.pb", "graph"}});
    std::filesystem::rename(dir_.Path(folder + "-partial"), dir_.Path(folder));
  }

  // Model `name` in the folder `folder`, each look at which is counted.
  ModelLocation At(const std::string& name, const std::string& folder) {
    return {name, dir_.Path(folder), ServableVersionPolicy(), [this](const std::string& path) {
              ++looks_;
              return path;
            }};
  }
  ModelLocation At(const std::string& name) { return At(name, name); }

  absl::Status Set(const std::vector<ModelLocation>& models) {
    std::vector<std::string> names;
    for (const ModelLocation& model : models) names.push_back(model.name);
    absl::Status prepared = lifecycle_->Prepare(names);
    if (prepared.ok()) lifecycle_->SetModels(models);
    return prepared;
  }

  ModelLifecycle& Started(const std::vector<ModelLocation>& models) {
    lifecycle_ = std::make_unique<ModelLifecycle>(options_);
    EXPECT_EQ(Set(models), absl::OkStatus());
    EXPECT_EQ(lifecycle_->Begin(), absl::OkStatus());
    return *lifecycle_;
  }

  // Waits for what `is_met` says; false after a minute.
  template <typename IsMet>
  bool Await(IsMet is_met) {
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::minutes(1);
    for (;;) {
      const uint64_t seen = lifecycle_->changes()->count();
      if (is_met()) return true;
      if (!lifecycle_->changes()->WaitUntil(seen, deadline)) return is_met();
    }
  }
  bool AwaitSettled(const std::string& model) {
    return Await([&] { return lifecycle_->IsSettled(model, /*wait_for_writers=*/true); });
  }
  bool AwaitLooks(int looks) {
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::minutes(1);
    while (looks_ < looks && std::chrono::steady_clock::now() < deadline) std::this_thread::yield();
    return looks_ >= looks;
  }
  std::vector<int64_t> Available(const std::string& model) {
    std::vector<int64_t> versions;
    for (const ServableState& state : lifecycle_->manager().GetStates(model)) {
      if (state.state == ManagerState::kAvailable) versions.push_back(state.id.version);
    }
    return versions;
  }

  TestDirectory dir_;
  FakeWorld world_;
  Hang hang_;
  std::atomic<int> looks_{0};
  ModelLifecycle::Options options_;
  std::unique_ptr<ModelLifecycle> lifecycle_;
};

TEST_F(ModelLifecycleTest, ServesWhatIsPublished) {
  Started({At("m")});
  Publish("m/1");
  EXPECT_TRUE(world_.Await("m:1 AVAILABLE"));
  Publish("m/2");
  EXPECT_TRUE(world_.Await("m:2 AVAILABLE"));
  EXPECT_TRUE(world_.Await("m:1 END"));
}

TEST_F(ModelLifecycleTest, LooksAtNewPlacesAtOnce) {
  Publish("m/1");
  Publish("n/7");
  options_.watch.poll_wait = std::chrono::hours(1);
  Started({At("m")});
  ASSERT_TRUE(world_.Await("m:1 AVAILABLE"));
  EXPECT_EQ(Set({At("m", "n")}), absl::OkStatus());
  EXPECT_TRUE(world_.Await("m:7 AVAILABLE"));
  EXPECT_EQ(Set({}), absl::OkStatus());
  EXPECT_TRUE(world_.Await("m:7 END"));
}

TEST_F(ModelLifecycleTest, AModelThatIsTakenOutIsNotWatchedAnyMore) {
  Publish("m/1");
  Publish("n/7");
  options_.watch.poll_wait = std::chrono::hours(1);
  Started({At("m")});
  ASSERT_TRUE(world_.Await("m:1 AVAILABLE"));
  EXPECT_EQ(Set({At("n")}), absl::OkStatus());
  ASSERT_TRUE(world_.Await("n:7 AVAILABLE"));
  ASSERT_TRUE(world_.Await("m:1 END"));
  EXPECT_THAT(lifecycle_->Problems(), ElementsAre(Pair("n", "")));
  EXPECT_EQ(Set({At("m")}), absl::OkStatus());
  ASSERT_TRUE(world_.Await("m:1 AVAILABLE", 2));
  ASSERT_TRUE(world_.Await("n:7 END"));
}

TEST_F(ModelLifecycleTest, ARetryLooksAtOnceAndTellsWhatItSees) {
  Publish("m/1");
  options_.watch.poll_wait = std::chrono::hours(1);
  Started({At("m")});
  ASSERT_TRUE(world_.Await("m:1 AVAILABLE"));
  Publish("m/2");
  lifecycle_->Retry("unknown", {});
  EXPECT_EQ(looks_, 1);
  lifecycle_->Retry("m", {});
  ASSERT_TRUE(world_.Await("m:2 AVAILABLE"));
  ASSERT_TRUE(AwaitSettled("m"));
  // Nothing has changed, and is looked at all the same.
  const int looks = looks_;
  lifecycle_->Retry("m", {});
  EXPECT_TRUE(AwaitSettled("m"));
  EXPECT_EQ(looks_, looks + 1);
}

TEST_F(ModelLifecycleTest, LooksAtOnceWhenAVersionFailsAndNotWhenItLoads) {
  options_.watch.poll_wait = std::chrono::hours(1);
  Publish("m/1");
  Publish("m/2");
  world_.Fail("m:2", absl::InternalError("no"));
  Started({At("m")});
  EXPECT_TRUE(world_.Await("m:1 AVAILABLE")) << "in place of the newest one";
  ASSERT_TRUE(AwaitSettled("m"));
  EXPECT_THAT(Available("m"), ElementsAre(1));
  ASSERT_TRUE(AwaitLooks(3)) << "when version 2 has failed, and when 1 answers while it fails";
  Publish("n/1");
  EXPECT_EQ(Set({At("n")}), absl::OkStatus());
  const int looks = 4;
  ASSERT_TRUE(world_.Await("n:1 AVAILABLE"));
  ASSERT_TRUE(AwaitSettled("n"));
  EXPECT_EQ(looks_, looks) << "what loads is no news";
}

TEST_F(ModelLifecycleTest, WithoutPollsAFailureBringsNothingNew) {
  options_.watch.poll_wait = std::chrono::milliseconds(0);
  Publish("m/1");
  Publish("m/2");
  world_.Hold("m:2");
  world_.Fail("m:2", absl::InternalError("no"));
  Started({At("m")});
  ASSERT_TRUE(world_.Await("load m:2"));
  Publish("m/3");
  world_.Release("m:2");
  EXPECT_TRUE(world_.Await("m:1 AVAILABLE")) << "in place of version 2";
  ASSERT_TRUE(AwaitSettled("m"));
  EXPECT_EQ(world_.Count("m:3 START"), 0);
  EXPECT_EQ(Set({At("m")}), absl::OkStatus());
  EXPECT_TRUE(world_.Await("m:3 AVAILABLE")) << "by what is a first look";
}

TEST_F(ModelLifecycleTest, StorageThatHangsHoldsUpItsOwnModelOnly) {
  Publish("m/1");
  ModelLocation slow = At("slow");
  slow.resolve = [this](const std::string& path) { return hang_.Resolve(path); };
  Started({slow, At("m")});
  hang_.Await();
  ASSERT_TRUE(world_.Await("m:1 AVAILABLE"));
  Publish("m/2");
  ASSERT_TRUE(world_.Await("m:2 AVAILABLE"));
  EXPECT_FALSE(lifecycle_->IsSettled("slow", false));
  hang_.Release();
  EXPECT_TRUE(AwaitSettled("slow"));
}

TEST_F(ModelLifecycleTest, RemovingAModelWaitsForNoStorage) {
  Publish("m/1");
  ModelLocation model = At("m");
  Started({model});
  ASSERT_TRUE(world_.Await("m:1 AVAILABLE"));
  // Its storage hangs from the next look on.
  model.resolve = [this](const std::string& path) { return hang_.Resolve(path); };
  EXPECT_EQ(Set({model}), absl::OkStatus());
  hang_.Await();
  EXPECT_EQ(Set({}), absl::OkStatus());
  EXPECT_TRUE(world_.Await("m:1 END"));
  // And comes back while that look still hangs.
  EXPECT_EQ(Set({At("m")}), absl::OkStatus());
  EXPECT_TRUE(world_.Await("m:1 AVAILABLE", 2));
}

TEST_F(ModelLifecycleTest, LooksAndChecksumsGiveWayToCalls) {
  Publish("m/1");
  // The watch asks until TearDown, so that what it writes to outlives this body.
  const auto nice = std::make_shared<std::atomic<int>>(-100);
  ModelLocation model = At("m");
  // On the thread that reads the files, too.
  model.resolve = [nice](const std::string& path) {
    *nice = ::getpriority(PRIO_PROCESS, static_cast<id_t>(::gettid()));
    return path;
  };
  const int own = ::getpriority(PRIO_PROCESS, static_cast<id_t>(::gettid()));
  Started({model});
  ASSERT_TRUE(world_.Await("m:1 AVAILABLE"));
  EXPECT_TRUE(*nice == 5 || (own > 5 && *nice == own)) << *nice << " in a process of " << own;
}

TEST_F(ModelLifecycleTest, EndsAtOnceWhileItWaits) {
  Publish("m/1");
  options_.watch.poll_wait = std::chrono::hours(1);
  Started({At("m")});
  ASSERT_TRUE(world_.Await("m:1 AVAILABLE"));
}

TEST_F(ModelLifecycleTest, PollsOnceUntilWhatIsBeingWrittenIsThere) {
  dir_.Write("m/1/saved_model.pb", "graph");
  options_.watch.poll_wait = std::chrono::milliseconds(0);
  options_.watch.settle_time = std::chrono::milliseconds(100);
  Started({At("m")});
  EXPECT_TRUE(world_.Await("m:1 AVAILABLE"));
}

TEST_F(ModelLifecycleTest, NeverPollsWithANegativeWait) {
  Publish("m/1");
  options_.watch.poll_wait = std::chrono::milliseconds(-1);
  Started({At("m")});
  EXPECT_EQ(Set({At("m")}), absl::OkStatus());
  EXPECT_TRUE(lifecycle_->IsSettled("m", true));
  lifecycle_.reset();
  EXPECT_EQ(looks_, 0);
  EXPECT_THAT(world_.Log(), IsEmpty());
}

TEST_F(ModelLifecycleTest, TellsOfAModelThatCannotBeListed) {
  Started({At("m")});
  EXPECT_FALSE(lifecycle_->Availability("m").ok());
  ASSERT_TRUE(AwaitSettled("m"));
  EXPECT_THAT(lifecycle_->Problems(), ElementsAre(Pair("m", HasSubstr(dir_.Path("m")))));
  EXPECT_THAT(std::string(lifecycle_->Availability("m").message()), HasSubstr("Cannot list"));
  Publish("m/1");
  ASSERT_TRUE(world_.Await("m:1 AVAILABLE"));
  EXPECT_TRUE(Await([&] { return lifecycle_->Problems() == std::map<std::string, std::string>{{"m", ""}}; }));
  EXPECT_EQ(lifecycle_->Availability("m"), absl::OkStatus());
}

TEST_F(ModelLifecycleTest, LooksAtEveryModelAnewWhenTheyAreSet) {
  Publish("m/1");
  options_.watch.poll_wait = std::chrono::hours(1);
  Started({At("m"), At("missing")});
  ASSERT_TRUE(AwaitSettled("m"));
  ASSERT_TRUE(AwaitSettled("missing"));
  EXPECT_EQ(looks_, 2);
  EXPECT_EQ(Set({At("m"), At("missing")}), absl::OkStatus());
  EXPECT_TRUE(AwaitSettled("m"));
  EXPECT_TRUE(AwaitSettled("missing"));
  EXPECT_EQ(looks_, 4);
}

TEST_F(ModelLifecycleTest, AVersionThatIsBeingWrittenIsWaitedForIfSoAsked) {
  dir_.Write("m/1/saved_model.pb", "graph");
  options_.watch.settle_time = std::chrono::hours(1);
  Started({At("m")});
  EXPECT_TRUE(Await([&] { return lifecycle_->IsSettled("m", /*wait_for_writers=*/false); }));
  EXPECT_FALSE(lifecycle_->IsSettled("m", /*wait_for_writers=*/true));
  dir_.Write("m/1/_SUCCESS", "");
  EXPECT_TRUE(AwaitSettled("m"));
  EXPECT_THAT(Available("m"), ElementsAre(1));
}

TEST_F(ModelLifecycleTest, MayEndWithoutABegin) {
  lifecycle_ = std::make_unique<ModelLifecycle>(options_);
  EXPECT_EQ(Set({At("m")}), absl::OkStatus());
}

TEST_F(ModelLifecycleTest, WithoutAThreadForANewModelAllStaysAsItWas) {
  Started({At("m")});
  Publish("m/1");
  Publish("n/1");
  EXPECT_TRUE(world_.Await("m:1 AVAILABLE"));
  {
    const NoMoreThreads tight;
    const absl::Status status = Set({At("n")});
    EXPECT_EQ(status.code(), absl::StatusCode::kResourceExhausted) << status;
  }
  Publish("m/2");
  EXPECT_TRUE(world_.Await("m:2 AVAILABLE"));
  EXPECT_EQ(world_.Count("n:1 START"), 0);
  EXPECT_EQ(Set({At("n")}), absl::OkStatus());
  EXPECT_TRUE(world_.Await("n:1 AVAILABLE"));
}

TEST_F(ModelLifecycleTest, WhatWasPreparedCanBeGivenUp) {
  Publish("m/1");
  Publish("n/1");
  Started({At("m")});
  ASSERT_TRUE(world_.Await("m:1 AVAILABLE"));
  EXPECT_EQ(lifecycle_->Prepare({"m", "n"}), absl::OkStatus());
  lifecycle_->GiveUp();
  while (lifecycle_->manager().GetAllStates().count("n") > 0) std::this_thread::yield();
  EXPECT_THAT(Available("m"), ElementsAre(1));
  EXPECT_EQ(world_.Count("n:1 START"), 0);
}

TEST_F(ModelLifecycleTest, TellsWhoeverWaitsOfEveryChange) {
  // Changes are told until TearDown, so that what counts them outlives this body.
  const auto told = std::make_shared<std::atomic<int>>(0);
  options_.on_change = [told](const std::string& model) {
    EXPECT_EQ(model, "m");
    ++*told;
  };
  Publish("m/1");
  Started({At("m")});
  ASSERT_TRUE(AwaitSettled("m"));
  EXPECT_TRUE(Await([&] { return *told >= 4; })) << "START, LOADING, AVAILABLE, and the report of the look";
}

}  // namespace
}  // namespace trilho

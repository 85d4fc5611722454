#include "cpp_server/core/manager.h"

#include <atomic>
#include <filesystem>
#include <thread>

#include "cpp_server/core/fake_loader.h"
#include "cpp_server/core/manager_for_test.h"
#include "cpp_server/testing/no_more_threads.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace trilho {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Pair;
using ::testing::SizeIs;
using ::testing::StartsWith;

constexpr std::chrono::minutes kLong(1);

class ManagerTest : public ::testing::Test {
 protected:
  ManagerTest() {
    Manager::Options options;
    options.loader_factory = world_.Factory();
    options.max_num_load_retries = 0;
    options.on_state_change = [this](const ServableState& state) { world_.NoteState(state); };
    manager_ = std::make_unique<ManagerForTest>(std::move(options));
  }

  void Aspire(const std::string& model, const std::vector<int64_t>& versions) {
    AspiredVersions aspired;
    aspired.model = model;
    for (int64_t v : versions) aspired.aspired.push_back(AspiredVersion{v, absl::StrCat("/", model, "/", v)});
    manager_->SetAspiredVersions(aspired);
  }

  void Forget(const std::string& model) {
    AspiredVersions nothing;
    nothing.model = model;
    nothing.is_watched = false;
    manager_->SetAspiredVersions(nothing);
  }

  FakeWorld world_;
  std::unique_ptr<ManagerForTest> manager_;
};

TEST_F(ManagerTest, FindsTheLatestAndSpecificVersions) {
  Aspire("a", {3, 10});
  ASSERT_TRUE(world_.Await("a:3 AVAILABLE"));
  ASSERT_TRUE(world_.Await("a:10 AVAILABLE"));
  const auto latest = manager_->GetServableHandle<FakeServable>({"a", absl::nullopt});
  ASSERT_TRUE(latest.ok()) << latest.status();
  EXPECT_EQ(latest->version(), 10);
  EXPECT_EQ((*latest)->id(), (ServableId{"a", 10}));
  const auto specific = manager_->GetServableHandle<FakeServable>({"a", 3});
  ASSERT_TRUE(specific.ok()) << specific.status();
  EXPECT_EQ(specific->version(), 3);
}

TEST_F(ManagerTest, SaysWhatItDidNotFind) {
  Aspire("a", {1});
  ASSERT_TRUE(manager_->WaitUntilSettled({"a"}, kLong));
  EXPECT_EQ(manager_->GetUntypedServableHandle({"b", absl::nullopt}).status(),
            absl::NotFoundError("Servable not found for request: Latest(b)"));
  EXPECT_EQ(manager_->GetUntypedServableHandle({"a", 2}).status(),
            absl::NotFoundError("Servable not found for request: Specific(a, 2)"));
}

TEST_F(ManagerTest, RefusesTheWrongKindOfServable) {
  class OtherServable : public Servable {};
  Aspire("a", {1});
  ASSERT_TRUE(manager_->WaitUntilSettled({"a"}, kLong));
  EXPECT_EQ(manager_->GetServableHandle<OtherServable>({"a", 1}).status(),
            absl::InvalidArgumentError("Servable Specific(a, 1) is of another kind"));
}

TEST_F(ManagerTest, ASlowLoadHoldsUpNoOtherModel) {
  world_.Hold("slow:1");
  Aspire("slow", {1});
  ASSERT_TRUE(world_.Await("load slow:1"));
  Aspire("fast", {1});
  EXPECT_TRUE(manager_->WaitUntilSettled({"fast"}, kLong));
  Aspire("fast", {2});
  EXPECT_TRUE(world_.Await("fast:1 END"));
  EXPECT_FALSE(manager_->GetUntypedServableHandle({"slow", absl::nullopt}).ok());
  world_.Release("slow:1");
  EXPECT_TRUE(manager_->WaitUntilSettled({"slow", "fast"}, kLong));
}

TEST_F(ManagerTest, AnEmptyListUnloadsAModelAndItsHistoryStays) {
  Aspire("a", {1});
  ASSERT_TRUE(manager_->WaitUntilSettled({"a"}, kLong));
  Aspire("a", {});
  ASSERT_TRUE(world_.Await("a:1 END"));
  EXPECT_FALSE(manager_->GetUntypedServableHandle({"a", absl::nullopt}).ok());
  ASSERT_THAT(manager_->GetStates("a"), SizeIs(1));
  EXPECT_EQ(manager_->GetStates("a")[0].state, ManagerState::kEnd);
}

// The threads of this process.
size_t CountThreads() {
  size_t threads = 0;
  for (const auto& entry : std::filesystem::directory_iterator("/proc/self/task")) threads += entry.exists() ? 1 : 0;
  return threads;
}

TEST_F(ManagerTest, ModelsThatAreNotWatchedAnyMoreLeaveNothing) {
  const size_t before = CountThreads();
  constexpr int kModels = 40;
  for (int i = 0; i < kModels; ++i) {
    const std::string name = absl::StrCat("m", i);
    Aspire(name, {1});
    ASSERT_TRUE(manager_->WaitUntilSettled({name}, kLong));
    Forget(name);
    ASSERT_TRUE(world_.Await(name + ":1 END"));
  }
  while (!manager_->GetAllStates().empty() || CountThreads() > before) std::this_thread::yield();
  EXPECT_EQ(manager_->GetUntypedServableHandle({"m39", absl::nullopt}).status().code(), absl::StatusCode::kNotFound);
  ASSERT_THAT(manager_->GetStates("m39"), SizeIs(1)) << "what became of it is told for a while";
  EXPECT_EQ(manager_->GetStates("m39")[0].state, ManagerState::kEnd);
  EXPECT_THAT(manager_->GetStates("m10"), IsEmpty()) << "but not of more than ten models";
}

TEST_F(ManagerTest, AModelGoesWhenItsLastRequestHasBeenAnswered) {
  Aspire("a", {1});
  ASSERT_TRUE(manager_->WaitUntilSettled({"a"}, kLong));
  auto handle = manager_->GetServableHandle<FakeServable>({"a", 1});
  ASSERT_TRUE(handle.ok());
  Forget("a");
  ASSERT_TRUE(world_.Await("a:1 UNLOADING"));
  EXPECT_THAT(manager_->GetAllStates(), SizeIs(1));
  EXPECT_EQ((*handle)->id().version, 1);
  *handle = {};
  ASSERT_TRUE(world_.Await("a:1 END"));
  while (!manager_->GetAllStates().empty()) std::this_thread::yield();
}

TEST_F(ManagerTest, AModelThatIsWatchedAgainBeforeItHasGoneStays) {
  Aspire("a", {1});
  ASSERT_TRUE(manager_->WaitUntilSettled({"a"}, kLong));
  auto handle = manager_->GetUntypedServableHandle({"a", 1});
  ASSERT_TRUE(handle.ok());
  Forget("a");
  ASSERT_TRUE(world_.Await("a:1 UNLOADING"));
  Aspire("a", {2});
  ASSERT_TRUE(world_.Await("a:2 AVAILABLE"));
  *handle = {};
  ASSERT_TRUE(world_.Await("a:1 END"));
  EXPECT_EQ(manager_->GetUntypedServableHandle({"a", absl::nullopt})->version(), 2);
}

TEST_F(ManagerTest, ForgettingAnUnknownModelIsNothing) {
  Forget("a");
  EXPECT_THAT(manager_->GetAllStates(), IsEmpty());
}

// Whatever the moment at which it returns: it is served then.
TEST_F(ManagerTest, ModelsComeAndGoUnderLoad) {
  constexpr int kRounds = 40;
  std::atomic<bool> stop{false};
  std::vector<std::thread> threads;
  for (int i = 0; i < 2; ++i) {
    threads.emplace_back([&] {
      while (!stop) {
        const auto handle = manager_->GetServableHandle<FakeServable>({"a", absl::nullopt});
        if (handle.ok()) {
          EXPECT_EQ((*handle)->id().version, handle->version());
        } else {
          EXPECT_EQ(handle.status().code(), absl::StatusCode::kNotFound);
        }
        EXPECT_LE(manager_->GetStates("a").size(), 1);
      }
    });
  }
  for (int i = 0; i < kRounds; ++i) {
    Aspire("a", {1});
    while (!manager_->GetUntypedServableHandle({"a", absl::nullopt}).ok()) std::this_thread::yield();
    Forget("a");
    if (i % 2 == 0) {
      while (!manager_->GetAllStates().empty()) std::this_thread::yield();
    }
  }
  stop = true;
  for (std::thread& thread : threads) thread.join();
}

TEST_F(ManagerTest, TellsWhichVersionsFail) {
  world_.Fail("a:2", absl::InternalError("no"));
  Aspire("a", {1, 2});
  ASSERT_TRUE(world_.Await("a:2 END"));
  EXPECT_THAT(manager_->GetFailing("a"), ElementsAre(2));
  EXPECT_THAT(manager_->GetFailing("b"), IsEmpty());
  Aspire("a", {1});
  EXPECT_THAT(manager_->GetFailing("a"), IsEmpty());
}

TEST_F(ManagerTest, ListsStatesByModelAndHighestVersionFirst) {
  EXPECT_THAT(manager_->GetStates("a"), IsEmpty());
  EXPECT_THAT(manager_->GetAllStates(), IsEmpty());
  Aspire("b", {1});
  Aspire("a", {9, 10});
  ASSERT_TRUE(world_.Await("a:9 AVAILABLE"));
  const auto states = manager_->GetStates("a");
  ASSERT_THAT(states, SizeIs(2));
  EXPECT_EQ(states[0].id.version, 10);
  EXPECT_EQ(states[1].id.version, 9);
  EXPECT_THAT(manager_->GetAllStates(), ElementsAre(Pair("a", SizeIs(2)), Pair("b", SizeIs(1))));
}

TEST_F(ManagerTest, TellsWhatALoadIsDoingWhileItDoes) {
  world_.Hold("a:1");
  Aspire("a", {1});
  ASSERT_TRUE(world_.Await("load a:1"));
  EXPECT_THAT(manager_->GetStates("a").at(0).progress, StartsWith("waiting for a test, for "));
  world_.Release("a:1");
  ASSERT_TRUE(world_.Await("a:1 AVAILABLE"));
  EXPECT_EQ(manager_->GetStates("a").at(0).progress, "");
}

TEST_F(ManagerTest, SettlesWhenEachModelIsAvailableOrFailed) {
  world_.Fail("bad:1", absl::InternalError("no"));
  EXPECT_FALSE(manager_->WaitUntilSettled({"unknown"}, std::chrono::milliseconds(1)));
  EXPECT_TRUE(manager_->WaitUntilSettled({}, kLong));
  Aspire("bad", {1});
  Aspire("good", {1});
  EXPECT_TRUE(manager_->WaitUntilSettled({"good"}, kLong));
  EXPECT_FALSE(manager_->WaitUntilSettled({"good", "bad"}, std::chrono::hours(1)));
  EXPECT_EQ(manager_->GetStates("bad")[0].state, ManagerState::kEnd);
}

TEST_F(ManagerTest, AModelThatBecomesKnownWhileWaitedForSettles) {
  std::thread source([this] { Aspire("late", {1}); });
  EXPECT_TRUE(manager_->WaitUntilSettled({"late"}, kLong));
  source.join();
}

TEST_F(ManagerTest, ItsEndUnloadsEveryModel) {
  Aspire("a", {1});
  Aspire("b", {1});
  ASSERT_TRUE(manager_->WaitUntilSettled({"a", "b"}, kLong));
  manager_.reset();
  EXPECT_EQ(world_.Count("destroy a:1"), 1);
  EXPECT_EQ(world_.Count("destroy b:1"), 1);
}

TEST_F(ManagerTest, ACallbackMayLookAtAllModelsUntilTheEnd) {
  Manager* manager = nullptr;
  Manager::Options options;
  options.loader_factory = world_.Factory();
  options.on_state_change = [this, &manager](const ServableState& state) {
    EXPECT_THAT(manager->GetStates(state.id.name), SizeIs(1));
    EXPECT_THAT(manager->GetAllStates(), SizeIs(::testing::Ge(1)));
    world_.NoteState(state);
  };
  ManagerForTest watched(std::move(options));
  manager = &watched;
  for (const char* name : {"a", "b", "c"}) watched.SetAspiredVersions({name, {{1, "/1"}}, {}});
  EXPECT_TRUE(watched.WaitUntilSettled({"a", "b", "c"}, kLong));
}

// The promise of a swap: at every moment there is a version, and it never goes back.
TEST_F(ManagerTest, SwapsUnderLoadWithNoRequestLost) {
  constexpr int kThreads = 8;
  constexpr int64_t kVersions = 40;
  Aspire("a", {1});
  ASSERT_TRUE(manager_->WaitUntilSettled({"a"}, kLong));
  std::atomic<bool> stop{false};
  std::atomic<int64_t> unavailable{0};
  std::atomic<int64_t> backwards{0};
  std::atomic<int64_t> wrong{0};
  std::vector<std::thread> threads;
  for (int i = 0; i < kThreads; ++i) {
    threads.emplace_back([&] {
      int64_t newest = 0;
      while (!stop) {
        const auto handle = manager_->GetServableHandle<FakeServable>({"a", absl::nullopt});
        if (!handle.ok()) {
          ++unavailable;
          continue;
        }
        if (handle->version() < newest) ++backwards;
        if ((*handle)->id().version != handle->version()) ++wrong;
        newest = handle->version();
      }
    });
  }
  for (int64_t v = 2; v <= kVersions; ++v) {
    Aspire("a", {v});
    EXPECT_TRUE(world_.Await(absl::StrCat("a:", v - 1, " END")));
  }
  stop = true;
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(unavailable, 0);
  EXPECT_EQ(backwards, 0);
  EXPECT_EQ(wrong, 0);
  EXPECT_EQ(world_.Count("destroy a:1"), 1);
}

TEST_F(ManagerTest, AModelWithoutAThreadComesWhenThereIsOne) {
  {
    const NoMoreThreads tight;
    Aspire("a", {1});
    EXPECT_THAT(manager_->GetStates("a"), IsEmpty());
    EXPECT_FALSE(manager_->GetUntypedServableHandle({"a", absl::nullopt}).ok());
  }
  ASSERT_TRUE(world_.Await("a:1 AVAILABLE"));
}

TEST_F(ManagerTest, OfAModelWithoutAThreadTheLastWordCounts) {
  {
    const NoMoreThreads tight;
    Aspire("a", {1});
    Forget("a");
    Aspire("b", {1});
    Aspire("b", {2});
  }
  ASSERT_TRUE(world_.Await("b:2 AVAILABLE"));
  EXPECT_THAT(manager_->GetStates("a"), IsEmpty());
  EXPECT_THAT(manager_->GetStates("b"), SizeIs(1));
}

TEST_F(ManagerTest, PreparesAllModelsOrNone) {
  Aspire("a", {1});
  ASSERT_TRUE(world_.Await("a:1 AVAILABLE"));
  std::vector<std::string> prepared;
  {
    const NoMoreThreads tight;
    EXPECT_EQ(manager_->Prepare({"a"}, &prepared), absl::OkStatus()) << "it has its thread";
    EXPECT_EQ(manager_->Prepare({"a", "b"}, &prepared).code(), absl::StatusCode::kResourceExhausted);
    EXPECT_THAT(prepared, IsEmpty());
  }
  EXPECT_TRUE(manager_->GetUntypedServableHandle({"a", absl::nullopt}).ok());
  EXPECT_EQ(manager_->Prepare({"a", "b"}, &prepared), absl::OkStatus());
  EXPECT_THAT(prepared, ElementsAre("b"));
  {
    const NoMoreThreads tight;
    Aspire("b", {1});
    EXPECT_TRUE(world_.Await("b:1 AVAILABLE")) << "its thread was there before";
  }
  EXPECT_EQ(manager_->Prepare({"c"}, &prepared), absl::OkStatus());
  manager_->GiveUp({"c"});
  while (manager_->GetAllStates().count("c") > 0) std::this_thread::yield();
}

}  // namespace
}  // namespace trilho

#include "cpp_server/core/model_harness.h"

#include <algorithm>

#include "cpp_server/core/fake_loader.h"
#include "cpp_server/core/manager_for_test.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace trilho {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

// "2 AVAILABLE", "1 END NOT_FOUND"
std::vector<std::string> Describe(const std::vector<ServableState>& states) {
  std::vector<std::string> lines;
  for (const ServableState& s : states) {
    lines.push_back(absl::StrCat(s.id.version, " ", ManagerStateName(s.state)));
    if (!s.status.ok()) absl::StrAppend(&lines.back(), " ", absl::StatusCodeToString(s.status.code()));
  }
  return lines;
}

class ModelHarnessTest : public ::testing::Test {
 protected:
  ModelHarnessTest() {
    options_.loader_factory = world_.Factory();
    options_.policy = std::make_shared<AvailabilityPreservingPolicy>();
    options_.max_num_load_retries = 0;
    options_.load_retry_interval = std::chrono::hours(1);
    options_.on_state_change = [this](const ServableState& state) { world_.NoteState(state); };
  }
  void TearDown() override { model_.reset(); }

  ModelHarness& model() {
    if (model_ == nullptr) model_ = std::make_unique<ModelHarness>("m", options_);
    return *model_;
  }
  void Aspire(const std::vector<int64_t>& versions, const std::string& base = "/models/m") {
    std::vector<AspiredVersion> aspired;
    for (int64_t v : versions) aspired.push_back(AspiredVersion{v, absl::StrCat(base, "/", v)});
    model().SetAspired(aspired, {});
  }

  FakeWorld world_;
  ManagerOptions options_;
  std::unique_ptr<ModelHarness> model_;
};

TEST_F(ModelHarnessTest, LoadsThenServes) {
  Aspire({1});
  ASSERT_TRUE(world_.Await("m:1 AVAILABLE"));
  EXPECT_THAT(world_.Log(),
              ElementsAre("m:1 START", "m:1 LOADING", "make m:1 from /models/m/1", "load m:1", "m:1 AVAILABLE"));
  const auto handle = model().GetHandle(absl::nullopt);
  ASSERT_TRUE(handle);
  EXPECT_EQ(handle.version(), 1);
  EXPECT_FALSE(model().GetHandle(2));
}

TEST_F(ModelHarnessTest, SwapsInTheNewVersionBeforeTheOldOneGoes) {
  Aspire({1});
  ASSERT_TRUE(world_.Await("m:1 AVAILABLE"));
  Aspire({2});
  ASSERT_TRUE(world_.Await("m:1 END"));
  EXPECT_THAT(world_.Log(),
              ElementsAre("m:1 START", "m:1 LOADING", "make m:1 from /models/m/1", "load m:1", "m:1 AVAILABLE",
                          "m:2 START", "m:2 LOADING", "make m:2 from /models/m/2", "load m:2", "m:2 AVAILABLE",
                          "m:1 UNLOADING", "destroy m:1", "after-unload m:1", "m:1 END"));
}

TEST_F(ModelHarnessTest, ResourcePreservingLoadsOnlyWhenTheOldVersionIsGone) {
  options_.policy = std::make_shared<ResourcePreservingPolicy>();
  Aspire({1});
  ASSERT_TRUE(world_.Await("m:1 AVAILABLE"));
  auto handle = model().GetHandle(1);
  Aspire({2});
  ASSERT_TRUE(world_.Await("m:1 UNLOADING"));
  EXPECT_EQ(world_.Count("load m:2"), 0);
  handle = {};
  ASSERT_TRUE(world_.Await("m:2 AVAILABLE"));
  const std::vector<std::string> log = world_.Log();
  const auto at = [&log](const char* line) { return std::find(log.begin(), log.end(), line); };
  EXPECT_LT(at("after-unload m:1"), at("load m:2"));
}

TEST_F(ModelHarnessTest, AnUnloadingVersionTakesNoNewRequestsAndKeepsItsOldOnes) {
  Aspire({1, 2});
  ASSERT_TRUE(world_.Await("m:1 AVAILABLE"));
  auto handle = model().GetHandle(1);
  ASSERT_TRUE(handle);
  Aspire({2});
  ASSERT_TRUE(world_.Await("m:1 UNLOADING"));
  EXPECT_FALSE(model().GetHandle(1));
  EXPECT_EQ(world_.Count("destroy m:1"), 0);
  EXPECT_EQ(static_cast<FakeServable*>(handle.get())->id().version, 1);
  handle = {};
  EXPECT_TRUE(world_.Await("m:1 END"));
}

TEST_F(ModelHarnessTest, DestroysOnTheControlThread) {
  Aspire({1});
  ASSERT_TRUE(world_.Await("m:1 AVAILABLE"));
  auto handle = model().GetHandle(1);
  Aspire({});
  ASSERT_TRUE(world_.Await("m:1 UNLOADING"));
  std::thread::id dropper;
  std::thread data_thread([&] {
    dropper = std::this_thread::get_id();
    handle = {};
  });
  ASSERT_TRUE(world_.Await("m:1 END"));
  data_thread.join();
  EXPECT_EQ(world_.ThreadOf("destroy m:1"), world_.ThreadOf("load m:1"));
  EXPECT_NE(world_.ThreadOf("destroy m:1"), dropper);
}

TEST_F(ModelHarnessTest, ADrainingVersionDoesNotHoldUpTheNextLoad) {
  Aspire({1});
  ASSERT_TRUE(world_.Await("m:1 AVAILABLE"));
  const auto handle1 = model().GetHandle(1);
  Aspire({2});
  ASSERT_TRUE(world_.Await("m:1 UNLOADING"));
  Aspire({3});
  EXPECT_TRUE(world_.Await("m:2 END"));
  EXPECT_THAT(Describe(model().GetStates()), ElementsAre("3 AVAILABLE", "2 END", "1 UNLOADING"));
  EXPECT_EQ(handle1.version(), 1);
}

TEST_F(ModelHarnessTest, AVersionWantedAgainWhileItDrainsIsLoadedAnew) {
  Aspire({1});
  ASSERT_TRUE(world_.Await("m:1 AVAILABLE"));
  auto handle = model().GetHandle(1);
  Aspire({});
  ASSERT_TRUE(world_.Await("m:1 UNLOADING"));
  Aspire({1});
  EXPECT_EQ(world_.Count("load m:1"), 1);
  handle = {};
  EXPECT_TRUE(world_.Await("m:1 AVAILABLE", 2));
  EXPECT_EQ(world_.Count("destroy m:1"), 1);
}

TEST_F(ModelHarnessTest, AVersionWantedAgainAfterItsEndIsLoadedAnew) {
  Aspire({1});
  ASSERT_TRUE(world_.Await("m:1 AVAILABLE"));
  Aspire({});
  ASSERT_TRUE(world_.Await("m:1 END"));
  Aspire({1});
  EXPECT_TRUE(world_.Await("m:1 AVAILABLE", 2));
}

TEST_F(ModelHarnessTest, AFailedLoadKeepsTheOldVersionAndTheReason) {
  world_.Fail("m:2", absl::DataLossError("bad weights"));
  Aspire({1});
  ASSERT_TRUE(world_.Await("m:1 AVAILABLE"));
  Aspire({2});
  ASSERT_TRUE(world_.Await("m:2 END"));
  const auto states = model().GetStates();
  EXPECT_THAT(Describe(states), ElementsAre("2 END DATA_LOSS", "1 AVAILABLE"));
  EXPECT_EQ(states[0].status.message(), "Failed to load {name: m version: 2} from /models/m/2 (try 1): bad weights");
  EXPECT_EQ(model().GetHandle(absl::nullopt).version(), 1);
  EXPECT_EQ(SettlementOf(model().GetStates()), Settlement::kAvailable);
}

TEST_F(ModelHarnessTest, AFailedVersionIsNotTriedAgainUntilItReturns) {
  world_.Fail("m:1", absl::InternalError("no"), 1);
  Aspire({1});
  ASSERT_TRUE(world_.Await("m:1 END"));
  EXPECT_EQ(SettlementOf(model().GetStates()), Settlement::kFailed);
  Aspire({1});
  Aspire({1, 2});
  ASSERT_TRUE(world_.Await("m:2 AVAILABLE"));
  EXPECT_EQ(world_.Count("load m:1"), 1);
  Aspire({2});
  Aspire({1, 2});
  EXPECT_TRUE(world_.Await("m:1 AVAILABLE"));
}

TEST_F(ModelHarnessTest, AFailedVersionIsTriedAgainFromAnotherPath) {
  world_.Fail("m:1", absl::InternalError("no"), 1);
  Aspire({1});
  ASSERT_TRUE(world_.Await("m:1 END"));
  Aspire({1}, "/elsewhere");
  EXPECT_TRUE(world_.Await("m:1 AVAILABLE"));
  EXPECT_EQ(world_.Count("make m:1 from /elsewhere/1"), 1);
}

TEST_F(ModelHarnessTest, CountsItsRetries) {
  options_.max_num_load_retries = 2;
  options_.load_retry_interval = std::chrono::microseconds(0);
  world_.Fail("m:1", absl::UnavailableError("not now"));
  Aspire({1});
  ASSERT_TRUE(world_.Await("m:1 END"));
  EXPECT_EQ(world_.Count("load m:1"), 3);
  EXPECT_THAT(std::string(model().GetStates()[0].status.message()), HasSubstr("(try 3): not now"));
}

TEST_F(ModelHarnessTest, ARetryMaySucceed) {
  options_.max_num_load_retries = 2;
  options_.load_retry_interval = std::chrono::microseconds(100);
  world_.Fail("m:1", absl::UnavailableError("not now"), 2);
  Aspire({1});
  ASSERT_TRUE(world_.Await("m:1 AVAILABLE"));
  EXPECT_TRUE(model().GetStates()[0].status.ok());
}

TEST_F(ModelHarnessTest, AFailedVersionIsTriedAgainAfterABackOffOnceEachTime) {
  options_.max_num_load_retries = 2;
  options_.load_retry_interval = std::chrono::microseconds(0);
  options_.failed_backoff = std::chrono::milliseconds(1);
  world_.Fail("m:1", absl::UnavailableError("not yet"), 5);
  Aspire({1});
  ASSERT_TRUE(world_.Await("m:1 AVAILABLE"));
  // Three tries, then two that failed alone, then the one that succeeded.
  EXPECT_EQ(world_.Count("load m:1"), 6);
  EXPECT_EQ(world_.Count("m:1 END"), 3);
}

TEST_F(ModelHarnessTest, AVersionThatWaitsForItsBackOffHoldsUpNoOther) {
  options_.failed_backoff = std::chrono::hours(1);
  world_.Fail("m:1", absl::DataLossError("broken"));
  Aspire({1});
  ASSERT_TRUE(world_.Await("m:1 END"));
  Aspire({1, 2});
  ASSERT_TRUE(world_.Await("m:2 AVAILABLE"));
  EXPECT_EQ(world_.Count("load m:1"), 1);
}

TEST_F(ModelHarnessTest, AVersionThatWaitsForItsNextTryHoldsUpNoOther) {
  options_.max_num_load_retries = 5;  // an hour apart
  world_.Fail("m:2", absl::UnavailableError("not now"));
  Aspire({2});
  ASSERT_TRUE(world_.Await("m:2 LOADING", 2));
  EXPECT_THAT(model().GetFailing(), ElementsAre(2));
  Aspire({1, 2});
  ASSERT_TRUE(world_.Await("m:1 AVAILABLE"));
  EXPECT_THAT(Describe(model().GetStates()), ElementsAre("2 LOADING UNAVAILABLE", "1 AVAILABLE"));
}

TEST_F(ModelHarnessTest, AForcedRetryWaitsForNoBackOff) {
  options_.failed_backoff = std::chrono::hours(1);
  world_.Fail("m:1", absl::DataLossError("broken"), 2);
  Aspire({1});
  ASSERT_TRUE(world_.Await("m:1 END"));
  model().Retry({1});
  ASSERT_TRUE(world_.Await("m:1 END", 2));
  EXPECT_THAT(Describe(model().GetStates()), ElementsAre("1 END DATA_LOSS"));
  EXPECT_EQ(world_.Count("load m:1"), 2) << "one try";
  model().Retry({1});
  EXPECT_TRUE(world_.Await("m:1 AVAILABLE"));
  EXPECT_THAT(model().GetFailing(), ElementsAre());
}

TEST_F(ModelHarnessTest, AForcedRetryTriesWhatWasGivenUpForGood) {
  world_.Fail("m:1", absl::InternalError("no"), 1);
  Aspire({1});
  ASSERT_TRUE(world_.Await("m:1 END"));
  model().Retry({1});
  EXPECT_TRUE(world_.Await("m:1 AVAILABLE"));
}

TEST_F(ModelHarnessTest, AForcedRetryDoesNotWaitForTheNextOfTheFirstTries) {
  options_.max_num_load_retries = 5;  // an hour apart
  world_.Fail("m:1", absl::UnavailableError("not now"), 1);
  Aspire({1});
  ASSERT_TRUE(world_.Await("m:1 LOADING", 2));
  model().Retry({1});
  EXPECT_TRUE(world_.Await("m:1 AVAILABLE"));
  EXPECT_EQ(world_.Count("load m:1"), 2);
}

TEST_F(ModelHarnessTest, AForcedRetryWhileAVersionIsTriedIsThatTry) {
  options_.max_num_load_retries = 1;
  options_.load_retry_interval = std::chrono::microseconds(0);
  world_.Fail("m:1", absl::UnavailableError("not now"), 1);
  world_.Hold("m:1");
  Aspire({1});
  ASSERT_TRUE(world_.Await("load m:1"));
  EXPECT_THAT(model().GetRetriable(), ElementsAre()) << "it has not failed";
  model().Retry({1});
  world_.Release("m:1");
  EXPECT_TRUE(world_.Await("m:1 AVAILABLE"));
  EXPECT_EQ(world_.Count("load m:1"), 2);
}

TEST_F(ModelHarnessTest, AForcedRetryLeavesOtherVersionsAlone) {
  options_.failed_backoff = std::chrono::hours(1);
  world_.Fail("m:1", absl::DataLossError("broken"));
  world_.Fail("m:2", absl::DataLossError("broken"));
  Aspire({1, 2, 3});
  ASSERT_TRUE(world_.Await("m:1 END"));
  ASSERT_TRUE(world_.Await("m:2 END"));
  ASSERT_TRUE(world_.Await("m:3 AVAILABLE"));
  EXPECT_THAT(model().GetRetriable(), ElementsAre(1, 2));
  model().Retry({2, 3, 4});
  ASSERT_TRUE(world_.Await("m:2 END", 2));
  EXPECT_EQ(world_.Count("load m:1"), 1);
  EXPECT_EQ(world_.Count("load m:3"), 1);
}

TEST_F(ModelHarnessTest, AVersionThatWaitsForItsNextTryIsTriedAtOnceFromAnotherPath) {
  options_.max_num_load_retries = 5;  // an hour apart
  world_.Fail("m:1", absl::UnavailableError("not now"), 1);
  Aspire({1});
  ASSERT_TRUE(world_.Await("m:1 LOADING", 2));
  Aspire({1}, "/elsewhere");
  EXPECT_TRUE(world_.Await("m:1 AVAILABLE"));
}

TEST_F(ModelHarnessTest, RetiresWhenItIsUnloadedAndTakesNothingAfterThat) {
  Aspire({1});
  ASSERT_TRUE(world_.Await("m:1 AVAILABLE"));
  auto handle = model().GetHandle(1);
  model().Retire();
  ASSERT_TRUE(world_.Await("m:1 UNLOADING"));
  EXPECT_FALSE(model().has_retired());
  handle = {};
  while (!model().has_retired()) std::this_thread::yield();
  EXPECT_FALSE(model().SetAspired({{2, "/m/2"}}, {}));
  EXPECT_THAT(Describe(model().GetStates()), ElementsAre("1 END"));
}

TEST_F(ModelHarnessTest, AWithdrawnVersionIsNotTriedAgainAfterItsBackOff) {
  options_.failed_backoff = std::chrono::milliseconds(20);
  world_.Fail("m:1", absl::DataLossError("broken"));
  Aspire({1});
  ASSERT_TRUE(world_.Await("m:1 END"));
  Aspire({2});
  ASSERT_TRUE(world_.Await("m:2 AVAILABLE"));
  const int tries = world_.Count("load m:1");
  // Long enough for three more tries.
  std::this_thread::sleep_for(std::chrono::milliseconds(150));
  EXPECT_EQ(world_.Count("load m:1"), tries);
}

TEST_F(ModelHarnessTest, AWithdrawnVersionIsNotRetried) {
  options_.max_num_load_retries = 5;  // an hour apart
  world_.Fail("m:1", absl::UnavailableError("not now"));
  Aspire({1});
  ASSERT_TRUE(world_.Await("m:1 LOADING", 2));
  EXPECT_THAT(Describe(model().GetStates()), ElementsAre("1 LOADING UNAVAILABLE"));
  Aspire({2});
  EXPECT_TRUE(world_.Await("m:2 AVAILABLE"));
  EXPECT_EQ(world_.Count("load m:1"), 1);
  EXPECT_THAT(Describe(model().GetStates()), ElementsAre("2 AVAILABLE", "1 END UNAVAILABLE"));
}

TEST_F(ModelHarnessTest, FreesADrainedVersionWhileItWaitsToRetryAnother) {
  options_.max_num_load_retries = 1;  // in an hour
  world_.Fail("m:2", absl::InternalError("no"));
  Aspire({1});
  ASSERT_TRUE(world_.Await("m:1 AVAILABLE"));
  auto handle = model().GetHandle(1);
  Aspire({});
  ASSERT_TRUE(world_.Await("m:1 UNLOADING"));
  Aspire({2});
  ASSERT_TRUE(world_.Await("m:2 LOADING", 2));
  handle = {};
  EXPECT_TRUE(world_.Await("m:1 END"));
  EXPECT_EQ(world_.Count("load m:2"), 1);
}

TEST_F(ModelHarnessTest, AVersionWithdrawnWhileItLoadsIsNeverServed) {
  world_.Hold("m:1");
  Aspire({1});
  ASSERT_TRUE(world_.Await("load m:1"));
  Aspire({});
  world_.Release("m:1");
  ASSERT_TRUE(world_.Await("m:1 END"));
  EXPECT_EQ(world_.Count("m:1 AVAILABLE"), 0);
  EXPECT_EQ(world_.Count("after-unload m:1"), 1);
  EXPECT_THAT(Describe(model().GetStates()), ElementsAre("1 END CANCELLED"));
}

TEST_F(ModelHarnessTest, AVersionWithdrawnBeforeItsTurnIsNotLoaded) {
  world_.Hold("m:2");
  Aspire({1, 2});
  ASSERT_TRUE(world_.Await("load m:2"));
  Aspire({2});
  world_.Release("m:2");
  ASSERT_TRUE(world_.Await("m:1 END"));
  EXPECT_EQ(world_.Count("load m:1"), 0);
}

TEST_F(ModelHarnessTest, ForgetsTheVersionsThatEndedFirst) {
  options_.max_ended_states = 2;
  for (int64_t v = 5; v >= 1; --v) {
    Aspire({v});
    ASSERT_TRUE(world_.Await(absl::StrCat("m:", v, " AVAILABLE")));
    if (v < 5) {
      ASSERT_TRUE(world_.Await(absl::StrCat("m:", v + 1, " END")));
    }
  }
  Aspire({1, 9});
  ASSERT_TRUE(world_.Await("m:9 AVAILABLE"));
  EXPECT_THAT(Describe(model().GetStates()), ElementsAre("9 AVAILABLE", "3 END", "2 END", "1 AVAILABLE"));
}

TEST_F(ModelHarnessTest, ListsRejectedVersionsWhileTheirSourceDoes) {
  model().SetAspired({{1, "/m/1"}}, {{1, absl::DataLossError("gone bad")}, {2, absl::NotFoundError("no variables")}});
  ASSERT_TRUE(world_.Await("m:1 AVAILABLE"));
  EXPECT_THAT(Describe(model().GetStates()), ElementsAre("2 END NOT_FOUND", "1 AVAILABLE"));
  EXPECT_EQ(world_.Count("m:2 END"), 1);
  EXPECT_THAT(model().GetRetriable(), ElementsAre(1, 2)) << "when the source looks again";
  model().SetAspired({{1, "/m/1"}}, {});
  EXPECT_THAT(Describe(model().GetStates()), ElementsAre("1 AVAILABLE"));
}

TEST_F(ModelHarnessTest, SettlesOnARejectedVersionUnlessItMayStillCome) {
  model().SetAspired({}, {});
  EXPECT_EQ(SettlementOf(model().GetStates()), Settlement::kPending);
  model().SetAspired({}, {{1, absl::UnavailableError("still being written")}});
  EXPECT_EQ(SettlementOf(model().GetStates()), Settlement::kPending);
  model().SetAspired({}, {{1, absl::DataLossError("checksum")}});
  EXPECT_EQ(SettlementOf(model().GetStates()), Settlement::kFailed);
}

TEST_F(ModelHarnessTest, ShutsDownWhileItLoads) {
  world_.Hold("m:1");
  Aspire({1});
  ASSERT_TRUE(world_.Await("load m:1"));
  model().BeginShutdown();
  world_.Release("m:1");
  model_.reset();
  EXPECT_EQ(world_.Count("m:1 AVAILABLE"), 0);
  EXPECT_EQ(world_.Count("destroy m:1"), 1);
}

TEST_F(ModelHarnessTest, ShutsDownWhileItWaitsToRetry) {
  options_.max_num_load_retries = 1;  // in an hour
  world_.Fail("m:1", absl::InternalError("no"));
  Aspire({1});
  ASSERT_TRUE(world_.Await("m:1 LOADING", 2));
  model_.reset();
  EXPECT_EQ(world_.Count("load m:1"), 1);
}

TEST_F(ModelHarnessTest, ItsEndWaitsForHandles) {
  Aspire({1});
  ASSERT_TRUE(world_.Await("m:1 AVAILABLE"));
  auto handle = model().GetHandle(1);
  std::thread data_thread([this, handle = std::move(handle)]() mutable {
    ASSERT_TRUE(world_.Await("m:1 UNLOADING"));
    EXPECT_EQ(world_.Count("destroy m:1"), 0);
    handle = {};
  });
  model_.reset();
  EXPECT_EQ(world_.Count("destroy m:1"), 1);
  data_thread.join();
}

TEST_F(ModelHarnessTest, ALoaderThatReturnsNothingIsAnError) {
  options_.loader_factory = [](const ServableId&, const std::string&) { return nullptr; };
  Aspire({1});
  ASSERT_TRUE(world_.Await("m:1 END"));
  EXPECT_THAT(Describe(model().GetStates()), ElementsAre("1 END INTERNAL"));
}

// Whoever writes a policy may get it wrong; the model survives it.
TEST_F(ModelHarnessTest, IgnoresAnActionThatDoesNotFit) {
  class WrongPolicy : public AspiredVersionPolicy {
    absl::optional<VersionAction> NextAction(const std::vector<VersionSnapshot>&) const override {
      return VersionAction{VersionAction::Kind::kUnload, 7};
    }
  };
  options_.policy = std::make_shared<WrongPolicy>();
  Aspire({1});
  ASSERT_TRUE(world_.Await("m:1 START"));
  EXPECT_THAT(Describe(model().GetStates()), ElementsAre("1 START"));
}

}  // namespace
}  // namespace trilho

#include "cpp_server/lifecycle/model_poller.h"

#include "absl/strings/str_cat.h"
#include "cpp_server/testing/test_directory.h"
#include "gtest/gtest.h"

namespace trilho {
namespace {

class ModelPollerTest : public ::testing::Test {
 protected:
  ModelPollerTest() : poller_(Options()) {}

  CompletenessChecker::Options Options() {
    CompletenessChecker::Options options;
    options.stop = &stop_;
    // Files just written are never old, but come to rest.
    options.now = [this] { return std::chrono::system_clock::now() + later_; };
    return options;
  }

  void Rest() { later_ += Options().settle_time; }

  void Publish(const std::string& folder) { dir_.Publish(folder, {{"saved_model.pb", "graph"}}); }

  // What a look finds to tell, such as "aspires 2 1 rejects 3 DATA_LOSS"; empty if it is nothing new.
  std::string Poll() {
    const auto sight = poller_.Look(location_, health_);
    if (!sight) return "stopped";
    if (!sight->error.ok()) return absl::StrCat("error ", absl::StatusCodeToString(sight->error.code()));
    pending_ = sight->is_pending;
    EXPECT_EQ(sight->choice.model, "m");
    if (!poller_.Take(sight->choice)) return "";
    std::string told = "aspires";
    for (const auto& v : sight->choice.aspired) {
      absl::StrAppend(&told, " ", v.version, v.is_substitute ? " instead" : "");
    }
    if (!sight->choice.rejected.empty()) absl::StrAppend(&told, " rejects");
    for (const auto& v : sight->choice.rejected) {
      absl::StrAppend(&told, " ", v.version, " ", absl::StatusCodeToString(v.reason.code()));
    }
    return told;
  }

  TestDirectory dir_;
  ModelLocation location_ = {"m", dir_.Path("m"), ServableVersionPolicy()};
  LoadOutcomes health_;
  std::chrono::system_clock::duration later_ = -std::chrono::hours(1);
  std::atomic<bool> stop_{false};
  bool pending_ = false;
  ModelPoller poller_;
};

TEST_F(ModelPollerTest, TellsFirstAndThenOnlyWhatHasChanged) {
  Publish("m/1");
  EXPECT_EQ(Poll(), "aspires 1");
  EXPECT_EQ(Poll(), "");
  Publish("m/2");
  EXPECT_EQ(Poll(), "aspires 2");
  EXPECT_EQ(Poll(), "");
}

TEST_F(ModelPollerTest, TellsFirstAlsoOfAModelWithoutVersions) {
  dir_.MakeFolder("m");
  EXPECT_EQ(Poll(), "aspires");
  EXPECT_EQ(Poll(), "");
}

TEST_F(ModelPollerTest, ABasePathThatGoesUnloadsNothing) {
  EXPECT_EQ(Poll(), "error NOT_FOUND");
  Publish("m/1");
  EXPECT_EQ(Poll(), "aspires 1");
  dir_.Remove("m");
  EXPECT_EQ(Poll(), "error NOT_FOUND");
  dir_.MakeFolder("m");
  EXPECT_EQ(Poll(), "aspires");
}

TEST_F(ModelPollerTest, AnIncompleteVersionDoesNotDisplaceACompleteOne) {
  Publish("m/1");
  Publish("m/2");
  dir_.Remove("m/2/saved_model.pb");
  EXPECT_EQ(Poll(), "aspires 1 rejects 2 UNAVAILABLE");
  EXPECT_TRUE(pending_);
  Rest();
  EXPECT_EQ(Poll(), "aspires 1 rejects 2 DATA_LOSS");
  EXPECT_FALSE(pending_);
  Publish("m/2");
  EXPECT_EQ(Poll(), "aspires 2");
}

TEST_F(ModelPollerTest, AVersionWithoutManifestIsTakenWhenItsFilesRest) {
  dir_.Write("m/1/saved_model.pb", "graph");
  EXPECT_EQ(Poll(), "aspires rejects 1 UNAVAILABLE");
  Rest();
  EXPECT_EQ(Poll(), "aspires 1");
}

TEST_F(ModelPollerTest, AnAspiredVersionStaysWhileItsFolderDoes) {
  Publish("m/1");
  Publish("m/2");
  EXPECT_EQ(Poll(), "aspires 2");
  dir_.Remove("m/2/saved_model.pb");
  EXPECT_EQ(Poll(), "");
  dir_.Remove("m/2");
  EXPECT_EQ(Poll(), "aspires 1");
}

// Were they read, they would be rejected.
TEST_F(ModelPollerTest, VersionsBelowTheChosenOnesAreNotRead) {
  Publish("m/1");
  dir_.Write("m/1/saved_model.pb", "damaged");
  Publish("m/2");
  Rest();
  EXPECT_EQ(Poll(), "aspires 2");
  dir_.Remove("m/2");
  EXPECT_EQ(Poll(), "aspires rejects 1 UNAVAILABLE") << "once it is its turn";
}

TEST_F(ModelPollerTest, FollowsAChangeOfPolicyAndOfPath) {
  Publish("m/1");
  Publish("m/2");
  Publish("n/3");
  Poll();
  location_.policy = ServableVersionPolicy::All();
  EXPECT_EQ(Poll(), "aspires 2 1");
  location_.policy = ServableVersionPolicy::Specific({1, 5});
  EXPECT_EQ(Poll(), "aspires 1 rejects 5 NOT_FOUND");
  location_ = {"m", dir_.Path("n"), ServableVersionPolicy()};
  EXPECT_EQ(Poll(), "aspires 3");
}

TEST_F(ModelPollerTest, ALowerVersionIsOfferedWhileTheNewestDoesNotLoadAndNoneAnswers) {
  Publish("m/1");
  Publish("m/2");
  Publish("m/3");
  EXPECT_EQ(Poll(), "aspires 3");
  health_.failing = {3};
  EXPECT_EQ(Poll(), "aspires 3 2 instead");
  health_.failing = {2, 3};
  EXPECT_EQ(Poll(), "aspires 3 2 instead 1 instead");
  health_.is_available = true;
  EXPECT_EQ(Poll(), "") << "the one that answers now is not given up";
  health_.failing = {2};
  EXPECT_EQ(Poll(), "aspires 3") << "which loads at last";
  health_.failing = {};
  EXPECT_EQ(Poll(), "aspires 3");
}

TEST_F(ModelPollerTest, OnlyWhatChangesTheChoiceIsAChangeOfHealth) {
  Publish("m/1");
  Poll();
  EXPECT_FALSE(poller_.IsAffectedBy(health_));
  health_.is_available = true;
  EXPECT_FALSE(poller_.IsAffectedBy(health_)) << "none fails";
  health_.failing = {1};
  EXPECT_TRUE(poller_.IsAffectedBy(health_));
  Poll();
  EXPECT_FALSE(poller_.IsAffectedBy(health_));
  health_.is_available = false;
  EXPECT_TRUE(poller_.IsAffectedBy(health_));
}

TEST_F(ModelPollerTest, NoLowerVersionIsOfferedWhileAnyAnswers) {
  Publish("m/1");
  Publish("m/2");
  health_.is_available = true;
  health_.failing = {2};
  EXPECT_EQ(Poll(), "aspires 2");
}

TEST_F(ModelPollerTest, ANewerVersionTakesThePlaceOfThoseThatFailAndOfTheirSubstitutes) {
  Publish("m/1");
  Publish("m/2");
  Poll();
  health_.failing = {2};
  EXPECT_EQ(Poll(), "aspires 2 1 instead");
  health_.is_available = true;
  Publish("m/3");
  EXPECT_EQ(Poll(), "aspires 3");
  health_.failing = {3};
  EXPECT_EQ(Poll(), "aspires 3") << "the substitute goes on answering, as any version before it would";
}

TEST_F(ModelPollerTest, AnIncompleteVersionIsNoSubstitute) {
  Publish("m/1");
  Publish("m/2");
  dir_.Remove("m/2/saved_model.pb");
  Publish("m/3");
  Poll();
  health_.failing = {3};
  EXPECT_EQ(Poll(), "aspires 3 1 instead rejects 2 UNAVAILABLE");
}

TEST_F(ModelPollerTest, VersionsThatWereNamedHaveNoSubstitutes) {
  Publish("m/1");
  Publish("m/2");
  location_.policy = ServableVersionPolicy::Specific({2});
  health_.failing = {2};
  EXPECT_EQ(Poll(), "aspires 2");
}

TEST_F(ModelPollerTest, AStoppedLookSaysNothing) {
  Publish("m/1");
  stop_ = true;
  EXPECT_EQ(Poll(), "stopped");
}

TEST_F(ModelPollerTest, LooksWhereTheBasePathLeadsAndNowhereElse) {
  Publish("elsewhere/1");
  absl::Status refused;
  location_.resolve = [&](const std::string& base_path) -> absl::StatusOr<std::string> {
    EXPECT_EQ(base_path, dir_.Path("m"));
    if (!refused.ok()) return refused;
    return dir_.Path("elsewhere");
  };
  const auto sight = poller_.Look(location_, health_);
  ASSERT_TRUE(sight.has_value());
  ASSERT_EQ(sight->choice.aspired.size(), 1u);
  EXPECT_EQ(sight->choice.aspired[0].path, dir_.Path("elsewhere/1"));
  refused = absl::PermissionDeniedError("no");
  EXPECT_EQ(Poll(), "error PERMISSION_DENIED");
}

}  // namespace
}  // namespace trilho

#include "cpp_server/sources/disk/disk_poller.h"

#include "absl/strings/str_join.h"
#include "cpp_server/sources/disk/test_directory.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace trilho {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

class DiskPollerTest : public ::testing::Test {
 protected:
  DiskPollerTest()
      : poller_(Options(), [this](const std::string& model, const absl::Status& error) {
          errors_.push_back(absl::StrCat(model, " ", absl::StatusCodeToString(error.code())));
        }) {}

  CompletenessChecker::Options Options() {
    CompletenessChecker::Options options;
    options.stop = &stop_;
    // Files just written are never old, but come to rest.
    options.now = [this] { return std::chrono::system_clock::now() + later_; };
    return options;
  }

  void Rest() { later_ += Options().settle_time; }

  void Publish(const std::string& folder) { dir_.Publish(folder, {{"saved_model.pb", "graph"}}); }

  // The calls of one poll, such as "m aspires 2 1 rejects 3 DATA_LOSS".
  std::vector<std::string> Poll() {
    std::vector<std::string> calls;
    pending_ = poller_.Poll(models_, [&calls](const AspiredVersions& versions) {
      std::string call = absl::StrCat(versions.model, " aspires");
      for (const auto& v : versions.aspired) absl::StrAppend(&call, " ", v.version);
      if (!versions.rejected.empty()) absl::StrAppend(&call, " rejects");
      for (const auto& v : versions.rejected) {
        absl::StrAppend(&call, " ", v.version, " ", absl::StatusCodeToString(v.reason.code()));
      }
      calls.push_back(call);
    });
    return calls;
  }

  TestDirectory dir_;
  std::vector<ModelLocation> models_ = {{"m", dir_.Path("m"), ServableVersionPolicy()}};
  std::vector<std::string> errors_;
  std::chrono::system_clock::duration later_ = -std::chrono::hours(1);
  std::atomic<bool> stop_{false};
  bool pending_ = false;
  DiskPoller poller_;
};

TEST_F(DiskPollerTest, CallsFirstAndThenOnlyWhenSomethingChanged) {
  Publish("m/1");
  EXPECT_THAT(Poll(), ElementsAre("m aspires 1"));
  EXPECT_THAT(Poll(), IsEmpty());
  Publish("m/2");
  EXPECT_THAT(Poll(), ElementsAre("m aspires 2"));
  EXPECT_THAT(Poll(), IsEmpty());
  EXPECT_THAT(errors_, IsEmpty());
}

TEST_F(DiskPollerTest, CallsFirstAlsoForAModelWithoutVersions) {
  dir_.MakeFolder("m");
  EXPECT_THAT(Poll(), ElementsAre("m aspires"));
  EXPECT_THAT(Poll(), IsEmpty());
}

TEST_F(DiskPollerTest, AMissingBasePathAffectsOnlyItsModel) {
  models_.insert(models_.begin(), ModelLocation{"other", dir_.Path("other"), ServableVersionPolicy()});
  Publish("m/1");
  EXPECT_THAT(Poll(), ElementsAre("m aspires 1"));
  Poll();
  EXPECT_THAT(errors_, ElementsAre("other NOT_FOUND"));
  Publish("other/1");
  EXPECT_THAT(Poll(), ElementsAre("other aspires 1"));
  EXPECT_THAT(errors_, ElementsAre("other NOT_FOUND", "other OK"));
}

TEST_F(DiskPollerTest, ABasePathThatGoesUnloadsNothing) {
  Publish("m/1");
  Poll();
  dir_.Remove("m");
  EXPECT_THAT(Poll(), IsEmpty());
  dir_.MakeFolder("m");
  EXPECT_THAT(Poll(), ElementsAre("m aspires"));
}

TEST_F(DiskPollerTest, AnIncompleteVersionDoesNotDisplaceACompleteOne) {
  Publish("m/1");
  Publish("m/2");
  dir_.Remove("m/2/saved_model.pb");
  EXPECT_THAT(Poll(), ElementsAre("m aspires 1 rejects 2 UNAVAILABLE"));
  EXPECT_TRUE(pending_);
  Rest();
  EXPECT_THAT(Poll(), ElementsAre("m aspires 1 rejects 2 DATA_LOSS"));
  EXPECT_FALSE(pending_);
  Publish("m/2");
  EXPECT_THAT(Poll(), ElementsAre("m aspires 2"));
}

TEST_F(DiskPollerTest, AVersionWithoutManifestIsTakenWhenItsFilesRest) {
  dir_.Write("m/1/saved_model.pb", "graph");
  EXPECT_THAT(Poll(), ElementsAre("m aspires rejects 1 UNAVAILABLE"));
  Rest();
  EXPECT_THAT(Poll(), ElementsAre("m aspires 1"));
}

TEST_F(DiskPollerTest, AnAspiredVersionStaysWhileItsFolderDoes) {
  Publish("m/1");
  Publish("m/2");
  EXPECT_THAT(Poll(), ElementsAre("m aspires 2"));
  dir_.Remove("m/2/saved_model.pb");
  EXPECT_THAT(Poll(), IsEmpty());
  dir_.Remove("m/2");
  EXPECT_THAT(Poll(), ElementsAre("m aspires 1"));
}

TEST_F(DiskPollerTest, FollowsAChangeOfPolicyAndOfPath) {
  Publish("m/1");
  Publish("m/2");
  Publish("n/3");
  Poll();
  models_[0].policy = ServableVersionPolicy::All();
  EXPECT_THAT(Poll(), ElementsAre("m aspires 2 1"));
  models_[0].policy = ServableVersionPolicy::Specific({1, 5});
  EXPECT_THAT(Poll(), ElementsAre("m aspires 1 rejects 5 NOT_FOUND"));
  models_[0] = {"m", dir_.Path("n"), ServableVersionPolicy()};
  EXPECT_THAT(Poll(), ElementsAre("m aspires 3"));
}

TEST_F(DiskPollerTest, AModelThatIsTakenOutAspiresNothing) {
  Publish("m/1");
  Poll();
  const std::vector<ModelLocation> before = std::exchange(models_, {});
  EXPECT_THAT(Poll(), ElementsAre("m aspires"));
  EXPECT_THAT(Poll(), IsEmpty());
  models_ = before;
  EXPECT_THAT(Poll(), ElementsAre("m aspires 1"));
}

TEST_F(DiskPollerTest, AStoppedPollSaysNothing) {
  Publish("m/1");
  stop_ = true;
  EXPECT_THAT(Poll(), IsEmpty());
}

}  // namespace
}  // namespace trilho

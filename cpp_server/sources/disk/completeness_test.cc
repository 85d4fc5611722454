#include "cpp_server/sources/disk/completeness.h"

#include "cpp_server/sources/disk/test_directory.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace trilho {
namespace {

using std::chrono::system_clock;
using ::testing::HasSubstr;
using ::testing::StartsWith;

class CompletenessTest : public ::testing::Test {
 protected:
  CompletenessTest() : checker_(Options()) {}

  CompletenessChecker::Options Options() {
    CompletenessChecker::Options options;
    options.now = [this] { return system_clock::now() + later_; };
    options.stop = &stop_;
    return options;
  }
  absl::Status Check() { return checker_.Check(dir_.Path("1")); }
  // As long as files must rest.
  void Rest() { later_ += Options().settle_time; }

  TestDirectory dir_;
  // How old files just written seem.
  system_clock::duration later_ = -std::chrono::hours(1);
  std::atomic<bool> stop_{false};
  CompletenessChecker checker_;
};

TEST_F(CompletenessTest, AMetManifestCountsAtOnce) {
  dir_.Publish("1", {{"saved_model.pb", "graph"}});
  EXPECT_EQ(Check(), absl::OkStatus());
}

TEST_F(CompletenessTest, AManifestOfAGraphWithoutItsVariablesIsNotEnough) {
  dir_.Publish("1", {{"saved_model.pb", "Placeholder VarHandleOp"}});
  EXPECT_TRUE(absl::IsUnavailable(Check()));
  Rest();
  const absl::Status status = Check();
  EXPECT_TRUE(absl::IsNotFound(status)) << status;
  EXPECT_THAT(std::string(status.message()), HasSubstr("no variables/variables.index"));
}

TEST_F(CompletenessTest, AnUnmetManifestMayStillBeMetUntilTheFilesRest) {
  dir_.Publish("1", {{"saved_model.pb", "graph"}});
  dir_.Write("1/saved_model.pb", "gra");
  absl::Status status = Check();
  EXPECT_TRUE(absl::IsUnavailable(status));
  EXPECT_THAT(std::string(status.message()), StartsWith("Perhaps still being written: "));
  Rest();
  status = Check();
  EXPECT_TRUE(absl::IsDataLoss(status));
  EXPECT_THAT(std::string(status.message()), HasSubstr("expected 5 bytes by the manifest, found 3"));
  dir_.Write("1/saved_model.pb", "graph");
  EXPECT_EQ(Check(), absl::OkStatus());
}

TEST_F(CompletenessTest, WithoutManifestTheListingMustRest) {
  dir_.Write("1/saved_model.pb", "graph");
  EXPECT_TRUE(absl::IsUnavailable(Check()));
  dir_.Write("1/variables/data", "weights");
  EXPECT_TRUE(absl::IsUnavailable(Check()));
  later_ += Options().settle_time / 2;
  EXPECT_TRUE(absl::IsUnavailable(Check())) << "the same twice is not enough: checks may come fast";
  Rest();
  EXPECT_EQ(Check(), absl::OkStatus());
  EXPECT_EQ(Check(), absl::OkStatus());
}

TEST_F(CompletenessTest, WithoutManifestOldFilesCountAtOnce) {
  dir_.Write("1/saved_model.pbtxt", "graph");
  later_ = std::chrono::hours(1);
  EXPECT_EQ(Check(), absl::OkStatus());
}

TEST_F(CompletenessTest, AFolderWithoutModelIsIncomplete) {
  dir_.MakeFolder("1");
  EXPECT_TRUE(absl::IsUnavailable(Check()));
  Rest();
  EXPECT_TRUE(absl::IsNotFound(Check()));
  dir_.Write("1/variables/data", "weights");
  EXPECT_TRUE(absl::IsUnavailable(Check()));
  Rest();
  EXPECT_TRUE(absl::IsNotFound(Check()));
  EXPECT_TRUE(absl::IsNotFound(checker_.Check(dir_.Path("gone"))));
}

// What shows that the files are not read again is that a stop does not matter.
TEST_F(CompletenessTest, ReadsFilesOncePerChange) {
  dir_.Publish("1", {{"saved_model.pb", "graph"}});
  EXPECT_EQ(Check(), absl::OkStatus());
  stop_ = true;
  EXPECT_EQ(Check(), absl::OkStatus());
  checker_.Retain({dir_.Path("1")});
  EXPECT_EQ(Check(), absl::OkStatus());
  checker_.Retain({});
  EXPECT_TRUE(absl::IsCancelled(Check()));
  stop_ = false;
  EXPECT_EQ(Check(), absl::OkStatus());
}

TEST_F(CompletenessTest, AFileOfItsWritersIsEnough) {
  dir_.Write("1/saved_model.pb", "graph");
  EXPECT_TRUE(absl::IsUnavailable(Check()));
  dir_.Write("1/_SUCCESS", "");
  EXPECT_EQ(Check(), absl::OkStatus());
}

TEST_F(CompletenessTest, OneSignAloneCanBeAskedFor) {
  dir_.Publish("1", {{"saved_model.pb", "graph"}});
  auto options = Options();
  options.completeness = VersionCompleteness::kSuccessFile;
  CompletenessChecker marked(options);
  EXPECT_TRUE(absl::IsUnavailable(marked.Check(dir_.Path("1"))));
  Rest();
  const absl::Status status = marked.Check(dir_.Path("1"));
  EXPECT_TRUE(absl::IsFailedPrecondition(status));
  EXPECT_THAT(std::string(status.message()), HasSubstr("has no file _SUCCESS"));
  options.completeness = VersionCompleteness::kManifest;
  EXPECT_EQ(CompletenessChecker(options).Check(dir_.Path("1")), absl::OkStatus());
  dir_.Remove("1/manifest.json");
  dir_.Write("1/_SUCCESS", "");
  EXPECT_EQ(marked.Check(dir_.Path("1")), absl::OkStatus());
  options.completeness = VersionCompleteness::kNone;
  dir_.MakeFolder("2");
  EXPECT_EQ(CompletenessChecker(options).Check(dir_.Path("2")), absl::OkStatus());
}

}  // namespace
}  // namespace trilho

#include "cpp_server/lifecycle/completeness.h"

#include <sys/stat.h>

#include <filesystem>
#include <fstream>
#include <set>
#include <string>

#include "cpp_server/storage/local/local_store.h"
#include "cpp_server/testing/test_directory.h"
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
  absl::Status Check() { return CheckWith(&checker_, dir_.Path("1")); }
  absl::Status CheckWith(CompletenessChecker* checker, const std::string& folder) {
    const auto checked = checker->Check(store_, StoredVersion{1, folder});
    if (checked.ok()) {
      EXPECT_EQ(*checked, folder) << "a local version is its own copy";
    }
    return checked.status();
  }
  // As long as files must rest.
  void Rest() { later_ += Options().settle_time; }

  TestDirectory dir_;
  LocalStore store_;
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
  EXPECT_TRUE(absl::IsNotFound(CheckWith(&checker_, dir_.Path("gone"))));
}

// What shows that the files are not read again is that a stop does not matter.
TEST_F(CompletenessTest, ReadsFilesOncePerChange) {
  dir_.Publish("1", {{"saved_model.pb", "graph"}});
  EXPECT_EQ(Check(), absl::OkStatus());
  stop_ = true;
  EXPECT_EQ(Check(), absl::OkStatus());
  checker_.BeginLook({dir_.Path("1")});
  EXPECT_EQ(Check(), absl::OkStatus());
  checker_.BeginLook({});
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
  EXPECT_TRUE(absl::IsUnavailable(CheckWith(&marked, dir_.Path("1"))));
  Rest();
  const absl::Status status = CheckWith(&marked, dir_.Path("1"));
  EXPECT_TRUE(absl::IsFailedPrecondition(status));
  EXPECT_THAT(std::string(status.message()), HasSubstr("has no file _SUCCESS"));
  options.completeness = VersionCompleteness::kManifest;
  CompletenessChecker with_manifest(options);
  EXPECT_EQ(CheckWith(&with_manifest, dir_.Path("1")), absl::OkStatus());
  dir_.Remove("1/manifest.json");
  dir_.Write("1/_SUCCESS", "");
  EXPECT_EQ(CheckWith(&marked, dir_.Path("1")), absl::OkStatus());
  options.completeness = VersionCompleteness::kNone;
  dir_.MakeFolder("2");
  CompletenessChecker unchecked(options);
  EXPECT_EQ(CheckWith(&unchecked, dir_.Path("2")), absl::OkStatus());
}

TEST_F(CompletenessTest, AFifoIsNamedAndNotWaitedFor) {
  dir_.Publish("1", {{"saved_model.pb", "graph"}});
  ASSERT_EQ(::mkfifo(dir_.Path("1/fifo").c_str(), 0600), 0);
  const absl::Status status = Check();
  EXPECT_EQ(status, absl::FailedPreconditionError(absl::StrCat(
                        dir_.Path("1/fifo"), " is a FIFO; a version consists of plain files and folders")));
  dir_.Remove("1/fifo");
  EXPECT_EQ(Check(), absl::OkStatus());
}

TEST_F(CompletenessTest, AManifestThatIsADeviceIsNotRead) {
  dir_.Write("1/saved_model.pb", "graph");
  std::filesystem::create_symlink("/dev/zero", dir_.Path("1/manifest.json"));
  EXPECT_EQ(Check(), absl::FailedPreconditionError(absl::StrCat(
                         dir_.Path("1/manifest.json"), " is a device; a version consists of plain files and folders")));
}

TEST_F(CompletenessTest, OfThousandsOfVersionsTheFirstAndAShareOfTheRestAreLookedAt) {
  Rest();
  later_ += std::chrono::hours(2);
  std::set<std::string> folders;
  const size_t many = 3 * CompletenessChecker::kMostAtEveryLook;
  for (size_t i = 0; i < many; ++i) {
    dir_.Write(absl::StrCat("many/", 1000 + i, "/readme"), "no model");
    folders.insert(dir_.Path(absl::StrCat("many/", 1000 + i)));
  }
  const auto look = [&] {
    size_t complete = 0;
    checker_.BeginLook(folders);
    for (const std::string& folder : folders) complete += CheckWith(&checker_, folder).ok() ? 1 : 0;
    return complete;
  };
  EXPECT_EQ(look(), 0u);
  for (const std::string& folder : folders) std::ofstream(folder + "/saved_model.pb") << "graph";
  size_t complete = look();
  EXPECT_GE(complete, CompletenessChecker::kMostAtEveryLook);
  EXPECT_LT(complete, many);
  // Everybody's turn comes.
  for (int i = 0; i < 4; ++i) complete = look();
  EXPECT_EQ(complete, many);
}

}  // namespace
}  // namespace trilho

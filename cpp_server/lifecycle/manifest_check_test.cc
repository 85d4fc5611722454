#include "cpp_server/lifecycle/manifest_check.h"

#include "absl/strings/match.h"
#include "cpp_server/storage/local/file_listing.h"
#include "cpp_server/testing/test_directory.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace trilho {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

class ManifestCheckTest : public ::testing::Test {
 protected:
  ManifestCheckTest() { dir_.Publish("1", {{"saved_model.pb", "graph"}, {"variables/data", "weights"}}); }

  absl::Status Check() {
    const auto manifest = ReadManifest(dir_.Path("1"));
    if (!manifest.ok()) return manifest.status();
    return CheckManifest(*manifest, dir_.Path("1"), *ListFiles(dir_.Path("1")), stop_);
  }
  // A manifest of one file, saved_model.pb, under another path.
  absl::Status CheckPath(const std::string& path) {
    Manifest manifest;
    manifest.add_files()->set_path(path);
    return CheckManifest(manifest, dir_.Path("1"), {}, stop_);
  }

  TestDirectory dir_;
  std::atomic<bool> stop_{false};
};

TEST_F(ManifestCheckTest, AcceptsWhatWasPublished) {
  EXPECT_EQ(Check(), absl::OkStatus());
  dir_.Write("1/notes.txt", "a file of no manifest is no error");
  EXPECT_EQ(Check(), absl::OkStatus());
}

TEST_F(ManifestCheckTest, NamesAMissingFile) {
  dir_.Remove("1/variables/data");
  EXPECT_EQ(Check(), absl::DataLossError(absl::StrCat(dir_.Path("1/variables/data"),
                                                      ": expected 7 bytes by the manifest, found no such file")));
}

TEST_F(ManifestCheckTest, NamesAFileOfAnotherSize) {
  dir_.Write("1/variables/data", "weig");
  EXPECT_EQ(Check(), absl::DataLossError(
                         absl::StrCat(dir_.Path("1/variables/data"), ": expected 7 bytes by the manifest, found 4")));
}

TEST_F(ManifestCheckTest, NamesAFileOfAnotherContent) {
  dir_.Write("1/variables/data", "Weights");
  const absl::Status status = Check();
  EXPECT_TRUE(absl::IsDataLoss(status));
  EXPECT_THAT(std::string(status.message()), AllOf(HasSubstr(dir_.Path("1/variables/data")),
                                                   HasSubstr("expected SHA-256 9a129038"), HasSubstr("found ")));
}

TEST_F(ManifestCheckTest, RefusesPathsThatLeadOut) {
  for (const char* path : {"", "/etc/passwd", "../2/saved_model.pb", "variables/../../x", "a//b", "./a", "a/"}) {
    const absl::Status status = CheckPath(path);
    EXPECT_TRUE(absl::IsInvalidArgument(status)) << path << ": " << status;
  }
  EXPECT_TRUE(absl::IsDataLoss(CheckPath("..a/b..")));  // odd, but inside; it is only missing
}

TEST_F(ManifestCheckTest, IgnoresFieldsOfLaterReleases) {
  dir_.Write("2/manifest.json", R"({"format": 1, "colour": {"r": 1}, "files": [{"path": "a", "mode": 7}]})");
  const auto manifest = ReadManifest(dir_.Path("2"));
  ASSERT_TRUE(manifest.ok()) << manifest.status();
  EXPECT_EQ(manifest->files(0).path(), "a");
}

TEST_F(ManifestCheckTest, RefusesALaterFormat) {
  dir_.Write("2/manifest.json", R"({"format": 2, "files": [{"path": "a"}]})");
  const absl::Status status = ReadManifest(dir_.Path("2")).status();
  EXPECT_TRUE(absl::IsFailedPrecondition(status));
  EXPECT_THAT(std::string(status.message()), HasSubstr("is of format 2; this server reads formats up to 1"));
}

TEST_F(ManifestCheckTest, RefusesWhatIsNoManifest) {
  for (const char* text : {"", "{", "[]", "{}", R"({"format": 1})", R"({"files": [{"path": "a"}]})"}) {
    dir_.Write("2/manifest.json", text);
    EXPECT_TRUE(absl::IsDataLoss(ReadManifest(dir_.Path("2")).status())) << text;
  }
  EXPECT_TRUE(absl::IsUnavailable(ReadManifest(dir_.Path("none")).status()));
}

TEST_F(ManifestCheckTest, StopsWhenTold) {
  stop_ = true;
  EXPECT_TRUE(absl::IsCancelled(Check()));
}

TEST_F(ManifestCheckTest, OneThatIsTooLargeIsNotRead) {
  dir_.Write("m/manifest.json", std::string((size_t{16} << 20) + 1, ' '));
  const absl::Status status = ReadManifest(dir_.Path("m")).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(std::string(status.message()), ::testing::HasSubstr("/m/manifest.json has more than 16777216 bytes"));
}

}  // namespace
}  // namespace trilho

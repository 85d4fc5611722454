#include "cpp_server/storage/local/version_directory.h"

#include "cpp_server/testing/test_directory.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace trilho {
namespace {

using ::testing::HasSubstr;

TEST(ListVersionsTest, ListsFoldersLowestFirst) {
  TestDirectory dir;
  for (const char* name : {"10", "9", "3-partial", ".4", "assets"}) dir.MakeFolder(name);
  dir.Write("11", "a file");
  const auto versions = ListVersions(dir.path());
  ASSERT_TRUE(versions.ok()) << versions.status();
  ASSERT_EQ(versions->size(), 2u);
  EXPECT_EQ((*versions)[0].version, 9);
  EXPECT_EQ((*versions)[1].version, 10);
  EXPECT_EQ((*versions)[1].path, dir.Path("10"));
}

TEST(ListVersionsTest, OfTwoFoldersWithOneNumberTheLaterNameCounts) {
  TestDirectory dir;
  for (const char* name : {"009", "9", "09"}) dir.MakeFolder(name);
  const auto versions = ListVersions(dir.path());
  ASSERT_TRUE(versions.ok()) << versions.status();
  ASSERT_EQ(versions->size(), 1u);
  EXPECT_EQ((*versions)[0].path, dir.Path("9"));
}

TEST(ListVersionsTest, FollowsLinksToFolders) {
  TestDirectory dir;
  dir.MakeFolder("elsewhere");
  std::filesystem::create_directory_symlink(dir.Path("elsewhere"), dir.Path("5"));
  EXPECT_EQ(ListVersions(dir.path())->size(), 1u);
}

TEST(ListVersionsTest, AFolderThatIsAVersionItselfIsNoBasePath) {
  TestDirectory dir;
  dir.Write("saved_model.pb", "graph");
  const absl::Status status = ListVersions(dir.path()).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kNotFound);
  EXPECT_THAT(std::string(status.message()), ::testing::HasSubstr("it is a version itself"));
  // Somebody may have left one there.
  dir.MakeFolder("1");
  EXPECT_EQ(ListVersions(dir.path())->size(), 1u);
}

TEST(ListVersionsTest, SaysWhatIsMissing) {
  TestDirectory dir;
  const auto versions = ListVersions(dir.Path("gone"));
  EXPECT_TRUE(absl::IsNotFound(versions.status()));
  EXPECT_THAT(std::string(versions.status().message()), HasSubstr(dir.Path("gone")));
  EXPECT_TRUE(ListVersions(dir.path())->empty());
}

}  // namespace
}  // namespace trilho

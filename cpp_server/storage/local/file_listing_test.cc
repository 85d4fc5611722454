#include "cpp_server/storage/local/file_listing.h"

#include <chrono>

#include "cpp_server/testing/test_directory.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace trilho {
namespace {

using ::testing::ElementsAre;
using ::testing::Field;
using ::testing::Pair;

TEST(ListFilesTest, ListsFilesAtAnyDepth) {
  TestDirectory dir;
  dir.Write("saved_model.pb", "12345");
  dir.Write("variables/variables.index", "123");
  dir.MakeFolder("assets");
  std::filesystem::create_symlink(dir.Path("saved_model.pb"), dir.Path("variables/link"));
  const auto listing = ListFiles(dir.path());
  ASSERT_TRUE(listing.ok()) << listing.status();
  EXPECT_THAT(*listing, ElementsAre(Pair("saved_model.pb", Field(&FileStamp::size, 5)),
                                    Pair("variables/link", Field(&FileStamp::size, 5)),
                                    Pair("variables/variables.index", Field(&FileStamp::size, 3))));
}

TEST(ListFilesTest, FollowsALinkToAFolderButNotForEver) {
  TestDirectory dir;
  dir.Write("shared/variables.index", "123");
  dir.MakeFolder("1");
  std::filesystem::create_directory_symlink(dir.Path("shared"), dir.Path("1/variables"));
  EXPECT_THAT(*ListFiles(dir.Path("1")), ElementsAre(Pair("variables/variables.index", Field(&FileStamp::size, 3))));
  std::filesystem::create_directory_symlink(dir.Path("1"), dir.Path("1/again"));
  const absl::Status status = ListFiles(dir.Path("1")).status();
  EXPECT_TRUE(absl::IsFailedPrecondition(status)) << status;
}

TEST(ListFilesTest, IsTheSameUntilSomethingChanges) {
  TestDirectory dir;
  dir.Write("a", "12345");
  const auto before = ListFiles(dir.path());
  EXPECT_EQ(*before, *ListFiles(dir.path()));
  dir.Write("b", "");
  EXPECT_FALSE(*before == *ListFiles(dir.path()));
}

TEST(ListFilesTest, AFileIsNotOlderThanItsArrival) {
  TestDirectory dir;
  dir.Write("a", "12345");
  const int64_t written = ListFiles(dir.path())->at("a").changed;
  const auto time = std::filesystem::last_write_time(dir.Path("a")) - std::chrono::hours(1000);
  std::filesystem::last_write_time(dir.Path("a"), time);
  EXPECT_GE(ListFiles(dir.path())->at("a").changed, written);
}

TEST(ListFilesTest, SaysWhatItCannotList) {
  TestDirectory dir;
  EXPECT_TRUE(absl::IsNotFound(ListFiles(dir.Path("none")).status()));
  std::filesystem::create_symlink(dir.Path("nowhere"), dir.Path("dangling"));
  EXPECT_TRUE(absl::IsUnavailable(ListFiles(dir.path()).status()));
}

}  // namespace
}  // namespace trilho

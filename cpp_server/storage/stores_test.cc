#include "cpp_server/storage/stores.h"

#include "cpp_server/testing/test_directory.h"
#include "gtest/gtest.h"

namespace trilho {
namespace {

TEST(OpenStoreTest, AnAbsolutePathIsALocalFolder) {
  TestDirectory dir;
  dir.MakeFolder("7");
  const auto store = OpenStore(dir.path());
  ASSERT_TRUE(store.ok()) << store.status();
  const auto versions = (*store)->List(dir.path());
  ASSERT_TRUE(versions.ok()) << versions.status();
  ASSERT_EQ(versions->size(), 1u);
  EXPECT_EQ(versions->front().version, 7);
}

TEST(OpenStoreTest, NamesTheStoresThatThereAre) {
  for (const char* base : {"hdfs://cluster/models", "models/mnist", ""}) {
    EXPECT_EQ(OpenStore(base).status(),
              absl::InvalidArgumentError(absl::StrCat("there is no store for ", base, "; there are stores for: /...")));
  }
}

}  // namespace
}  // namespace trilho

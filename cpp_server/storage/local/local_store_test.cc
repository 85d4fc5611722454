#include "cpp_server/storage/local/local_store.h"

#include <linux/capability.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <filesystem>
#include <memory>
#include <string>
#include <thread>

#include "absl/strings/str_cat.h"
#include "cpp_server/storage/conformance_test.h"
#include "cpp_server/testing/test_directory.h"
#include "gtest/gtest.h"

namespace trilho {
namespace {

class LocalStoreUnderTest final : public StoreUnderTest {
 public:
  LocalStoreUnderTest() { dir_.MakeFolder("base"); }

  const VersionStore& store() const override { return store_; }
  std::string base() const override { return dir_.Path("base"); }
  void Write(const std::string& path, const std::string& content) override { dir_.Write(Below(path), content); }
  void MakeFolder(const std::string& path) override { dir_.MakeFolder(Below(path)); }
  void Remove(const std::string& path) override { dir_.Remove(Below(path)); }
  void Rename(const std::string& from, const std::string& to) override {
    std::filesystem::rename(dir_.Path(Below(from)), dir_.Path(Below(to)));
  }
  bool Link(const std::string& target, const std::string& link) override {
    std::filesystem::create_symlink(dir_.Path(Below(target)), dir_.Path(Below(link)));
    return true;
  }

 private:
  static std::string Below(const std::string& path) { return absl::StrCat("base/", path); }

  TestDirectory dir_;
  LocalStore store_;
};

std::unique_ptr<StoreUnderTest> MakeLocalStore() { return std::make_unique<LocalStoreUnderTest>(); }

INSTANTIATE_TEST_SUITE_P(Local, VersionStoreConformance, ::testing::Values(&MakeLocalStore));

TEST(LocalStoreTest, AVersionIsItsOwnCopy) {
  const std::atomic<bool> never{false};
  EXPECT_EQ(*LocalStore().Fetch({1, "/models/m/1"}, never), "/models/m/1");
}

// A mount that hangs, or is closed to this user, is no news about what is there.
TEST(LocalStoreTest, ABaseThatCannotBeReadIsUnavailable) {
  TestDirectory dir;
  dir.MakeFolder("m");
  std::filesystem::permissions(dir.Path("m"), std::filesystem::perms::none);
  absl::Status status;
  // A thread of its own, as root may read everything until it gives that up.
  std::thread([&dir, &status] {
    __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0};
    __user_cap_data_struct none[_LINUX_CAPABILITY_U32S_3] = {};
    ASSERT_EQ(::syscall(SYS_capset, &header, none), 0);
    status = LocalStore().List(dir.Path("m")).status();
  }).join();
  EXPECT_TRUE(absl::IsUnavailable(status)) << status;
  std::filesystem::permissions(dir.Path("m"), std::filesystem::perms::all);
}

TEST(LocalStoreTest, AFifoIsNamed) {
  TestDirectory dir;
  dir.MakeFolder("1");
  ASSERT_EQ(::mkfifo(dir.Path("1/fifo").c_str(), 0600), 0);
  EXPECT_EQ(LocalStore().Stat({1, dir.Path("1")}).status(),
            absl::FailedPreconditionError(
                absl::StrCat(dir.Path("1/fifo"), " is a FIFO; a version consists of plain files and folders")));
}

}  // namespace
}  // namespace trilho

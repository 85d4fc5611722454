#include "cpp_server/config/file_watcher.h"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <memory>
#include <string>
#include <thread>

#include "gtest/gtest.h"

namespace trilho {
namespace {

namespace fs = std::filesystem;
using std::chrono::milliseconds;

constexpr milliseconds kPeriod(5);

class FileWatcherTest : public ::testing::Test {
 protected:
  FileWatcherTest() {
    fs::remove_all(folder_);
    fs::create_directories(folder_);
  }
  ~FileWatcherTest() override { fs::remove_all(folder_); }

  static void Write(const fs::path& path, const std::string& text) { std::ofstream(path) << text; }
  std::unique_ptr<FileWatcher> Watch() {
    return std::make_unique<FileWatcher>(path_.string(), kPeriod, [this] {
      ++told_;
      return true;
    });
  }
  // Whether it tells exactly `count` times in all; that it will not tell again is seen by the looks of another watcher
  // that begins later.
  bool Tells(int count) {
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::minutes(1);
    while (told_ < count && std::chrono::steady_clock::now() < deadline) std::this_thread::yield();
    std::atomic<bool> looked{false};
    const FileWatcher other(path_.string(), kPeriod, [&looked] {
      looked = true;
      return true;
    });
    while (!looked) std::this_thread::yield();
    return told_ == count;
  }

  const fs::path folder_ = fs::path(::testing::TempDir()) / "watched";
  const fs::path path_ = folder_ / "file";
  std::atomic<int> told_{0};
};

TEST_F(FileWatcherTest, TellsOfTheFirstContentAndOfEachThatIsNew) {
  Write(path_, "a");
  const auto watcher = Watch();
  EXPECT_TRUE(Tells(1));
  Write(path_, "b");
  EXPECT_TRUE(Tells(2));
  Write(path_, "a");
  EXPECT_TRUE(Tells(3));
}

TEST_F(FileWatcherTest, ContentCountsAndTimesDoNot) {
  Write(path_, "a");
  const auto written = fs::last_write_time(path_);
  const auto watcher = Watch();
  EXPECT_TRUE(Tells(1));
  fs::last_write_time(path_, written + std::chrono::hours(1));
  Write(folder_ / "same", "a");
  fs::rename(folder_ / "same", path_);
  EXPECT_TRUE(Tells(1));
  // As large, as old.
  Write(folder_ / "other", "b");
  fs::last_write_time(folder_ / "other", written);
  fs::rename(folder_ / "other", path_);
  EXPECT_TRUE(Tells(2));
}

TEST_F(FileWatcherTest, FollowsLinksThatAreReplacedAsKubernetesDoes) {
  for (const char* generation : {"1", "2"}) {
    fs::create_directory(folder_ / generation);
    Write(folder_ / generation / "file", generation);
  }
  fs::create_directory_symlink("1", folder_ / "..data");
  fs::create_symlink("..data/file", path_);
  const auto watcher = Watch();
  EXPECT_TRUE(Tells(1));
  fs::create_directory_symlink("2", folder_ / "..data_tmp");
  fs::rename(folder_ / "..data_tmp", folder_ / "..data");
  EXPECT_TRUE(Tells(2));
}

TEST_F(FileWatcherTest, TellsOfAFileThatGoesAndComes) {
  const auto watcher = Watch();
  EXPECT_TRUE(Tells(1)) << "it is not there";
  Write(path_, "");
  EXPECT_TRUE(Tells(2)) << "it is there, and empty";
  fs::remove(path_);
  EXPECT_TRUE(Tells(3));
  fs::create_directory(path_);
  EXPECT_TRUE(Tells(3)) << "a folder cannot be read either";
}

TEST_F(FileWatcherTest, TellsAgainIfAskedTo) {
  Write(path_, "a");
  const FileWatcher watcher(path_.string(), kPeriod, [this] { return ++told_ == 3; });
  EXPECT_TRUE(Tells(3));
  Write(path_, "b");
  // It asks for that again and again.
  while (told_ < 6) std::this_thread::yield();
}

TEST_F(FileWatcherTest, DoesNotTellOfWhatChangesAllTheTime) {
  constexpr milliseconds kSettling(200);
  Write(path_, "a");
  const FileWatcher watcher(path_.string(), kSettling, [this] {
    ++told_;
    return true;
  });
  auto longest = std::chrono::steady_clock::duration::zero();
  for (int i = 0; i < 100; ++i) {
    const auto begin = std::chrono::steady_clock::now();
    // Not in place, where it would be empty for a moment, which can be all that is seen of it.
    Write(folder_ / "next", std::to_string(i));
    fs::rename(folder_ / "next", path_);
    std::this_thread::sleep_for(milliseconds(10));
    longest = std::max(longest, std::chrono::steady_clock::now() - begin);
  }
  // On a machine that is too busy to write that often, the file was indeed at rest.
  if (longest < kSettling / 2) {
    EXPECT_EQ(told_, 0);
  }
  EXPECT_TRUE(Tells(told_ + 1) || longest >= kSettling / 2);
}

TEST_F(FileWatcherTest, EndsAtOnce) {
  const auto begin = std::chrono::steady_clock::now();
  {
    const FileWatcher watcher(path_.string(), std::chrono::hours(1), [] { return true; });
  }
  EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::minutes(1));
}

}  // namespace
}  // namespace trilho

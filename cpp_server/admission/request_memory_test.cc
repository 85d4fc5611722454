// What requests may hold together, and how much of the machine that may be.

#include "cpp_server/admission/request_memory.h"

#include <filesystem>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "cpp_server/testing/test_directory.h"
#include "gtest/gtest.h"

namespace trilho {
namespace {

TEST(RequestMemoryTest, GivesOutNoMoreThanItsBound) {
  const auto memory = std::make_shared<RequestMemory>(100);
  RequestMemory::Share one(memory), two(memory);
  EXPECT_TRUE(one.Resize(60).ok());
  EXPECT_TRUE(two.Resize(40).ok());
  EXPECT_EQ(two.Resize(41), absl::ResourceExhaustedError(
                                "the server is overloaded: 60 bytes of other requests and the 41 of this one are more "
                                "than --max_request_memory_bytes=100"));
  EXPECT_EQ(memory->used(), 100) << "what is refused changes nothing";
  EXPECT_TRUE(one.Resize(50).ok());
  EXPECT_TRUE(two.Resize(50).ok());
  one.Release();
  EXPECT_EQ(memory->used(), 50);
}

TEST(RequestMemoryTest, HasItAgainWhenTheRequestIsGone) {
  const auto memory = std::make_shared<RequestMemory>(100);
  {
    RequestMemory::Share share(memory);
    EXPECT_TRUE(share.Resize(70).ok());
    RequestMemory::Share moved = std::move(share);
    EXPECT_EQ(memory->used(), 70);
    RequestMemory::Share other(memory);
    EXPECT_TRUE(other.Resize(30).ok());
    other = std::move(moved);
    EXPECT_EQ(memory->used(), 70) << "what it had before is given back";
  }
  EXPECT_EQ(memory->used(), 0);
}

TEST(RequestMemoryTest, HasNoBoundIfThereIsNone) {
  RequestMemory::Share share;
  EXPECT_TRUE(share.Resize(size_t{1} << 60).ok());
}

TEST(RequestMemoryTest, CountsForManyThreads) {
  const auto memory = std::make_shared<RequestMemory>(3);
  std::vector<std::thread> threads;
  threads.reserve(8);
  for (int i = 0; i < 8; ++i) {
    threads.emplace_back([&memory] {
      for (int n = 0; n < 10000; ++n) {
        RequestMemory::Share share(memory);
        const absl::Status ignored = share.Resize(1);
        EXPECT_LE(memory->used(), 3);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(memory->used(), 0);
}

TEST(UsableMemoryTest, IsTheLeastOfTheMachinesAndItsGroups) {
  TestDirectory folder;
  const auto usable = [&folder](const std::string& cgroup) {
    folder.Write("cgroup", cgroup);
    return UsableMemory(folder.Path("cgroup").c_str(), folder.Path("groups").c_str());
  };
  const int64_t machine = usable("");
  EXPECT_GT(machine, 1 << 20);
  for (const char* name : {"groups", "groups/slice", "groups/slice/service"}) folder.MakeFolder(name);
  folder.Write("groups/slice/service/memory.max", "max\n");
  EXPECT_EQ(usable("0::/slice/service\n"), machine);
  folder.Write("groups/slice/memory.max", "1048576\n");
  EXPECT_EQ(usable("1:name=systemd:/\n0::/slice/service\n"), 1048576);
  EXPECT_EQ(usable("0::/\n"), machine);
  folder.Write("groups/memory.max", "65536\n");
  EXPECT_EQ(usable("0::/\n"), 65536);
  EXPECT_EQ(usable("0::/slice/service\n"), 65536);
  folder.MakeFolder("groups/memory");
  folder.Write("groups/memory/memory.limit_in_bytes", "4096\n");
  EXPECT_EQ(usable("4:memory:/docker/x\n"), 4096);
}

}  // namespace
}  // namespace trilho

#include "cpp_server/core/thread.h"

#include <pthread.h>

#include <array>
#include <atomic>
#include <future>
#include <string>

#include "absl/status/status.h"
#include "cpp_server/testing/no_more_threads.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace trilho {
namespace {

using ::testing::StartsWith;

TEST(StartThreadTest, RunsUnderItsName) {
  std::string name;
  std::promise<void> named;
  auto thread = StartThread("look half_plus_two_hundred", [&] {
    named.get_future().wait();
    std::array<char, 16> buffer = {};
    pthread_getname_np(pthread_self(), buffer.data(), buffer.size());
    name = buffer.data();
  });
  ASSERT_TRUE(thread.ok()) << thread.status();
  named.set_value();
  thread->join();
  EXPECT_EQ(name, "look half_plus_");
}

TEST(StartThreadTest, IsAnErrorWhereTheSystemGivesNone) {
  std::atomic<bool> run{false};
  {
    const NoMoreThreads tight;
    const auto thread = StartThread("look m", [&run] { run = true; });
    EXPECT_EQ(thread.status().code(), absl::StatusCode::kResourceExhausted);
    EXPECT_THAT(std::string(thread.status().message()),
                StartsWith("no thread can be made for \"look m\": Resource temporarily unavailable; "));
  }
  EXPECT_FALSE(run);
  auto again = StartThread("look m", [&run] { run = true; });
  ASSERT_TRUE(again.ok()) << again.status();
  again->join();
  EXPECT_TRUE(run);
}

}  // namespace
}  // namespace trilho

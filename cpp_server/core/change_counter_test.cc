#include "cpp_server/core/change_counter.h"

#include <atomic>
#include <thread>

#include "gtest/gtest.h"

namespace trilho {
namespace {

TEST(ChangeCounterTest, AChangeThatCameFirstIsNotWaitedFor) {
  ChangeCounter changes;
  const uint64_t seen = changes.count();
  changes.Note();
  changes.Wait(seen);
  EXPECT_TRUE(changes.WaitUntil(seen, std::chrono::steady_clock::now() - std::chrono::hours(1)));
}

TEST(ChangeCounterTest, WithoutAChangeTheDeadlinePasses) {
  const ChangeCounter changes;
  EXPECT_FALSE(changes.WaitUntil(changes.count(), std::chrono::steady_clock::now()));
}

TEST(ChangeCounterTest, WakesEverybodyWhoWaits) {
  ChangeCounter changes;
  std::atomic<bool> is_done{false};
  const auto wait = [&] {
    for (;;) {
      const uint64_t seen = changes.count();
      if (is_done) return;
      changes.Wait(seen);
    }
  };
  std::thread one(wait), another(wait);
  changes.Note();
  is_done = true;
  changes.Note();
  one.join();
  another.join();
}

}  // namespace
}  // namespace trilho

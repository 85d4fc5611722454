// A step of the machine's clock harms no call that waits.

#include "cpp_server/testing/clock_step.h"

#include <atomic>
#include <chrono>
#include <future>
#include <memory>
#include <string>
#include <thread>
#include <utility>

#include "cpp_server/rpc/grpc_server.h"
#include "cpp_server/rpc/test_client.h"
#include "gtest/gtest.h"

namespace trilho {
namespace {

constexpr char kRun[] = "/trilho.Test/Run";
constexpr time_t kHour = 3600;

class ClockStepTest : public ::testing::TestWithParam<time_t> {
 protected:
  ~ClockStepTest() override { clock_step = 0; }
};

INSTANTIATE_TEST_SUITE_P(AnHour, ClockStepTest, ::testing::Values(kHour, -kHour));

TEST_P(ClockStepTest, TheClockThatIsSteppedIsTheOneOfTheProgram) {
  const auto before = std::chrono::system_clock::now();
  const auto steady_before = std::chrono::steady_clock::now();
  clock_step = GetParam();
  const auto by = std::chrono::system_clock::now() - before;
  EXPECT_GE(std::chrono::abs(by), std::chrono::minutes(59));
  EXPECT_LT(std::chrono::steady_clock::now() - steady_before, std::chrono::minutes(59));
}

TEST_P(ClockStepTest, ACallThatWaitsForAThreadIsRunAndKeepsItsDeadline) {
  std::promise<void> release;
  const std::shared_future<void> released = release.get_future().share();
  std::atomic<int> begun{0};
  std::atomic<int> on_time{0};
  const auto run = [&](UnaryCall* call) {
    ++begun;
    released.wait();
    const auto left = call->deadline() - std::chrono::steady_clock::now();
    // gRPC rounds up.
    if (left > std::chrono::minutes(0) && left < std::chrono::minutes(20)) ++on_time;
    call->Reply("run");
  };
  GrpcServer::Options options;
  options.port = 0;
  auto server = GrpcServer::Start(options, {{"trilho.Test", {{"Run", Plane::kData, run}}}});
  ASSERT_TRUE(server.ok()) << server.status();
  const auto channel = LocalChannel((*server)->port());
  StreamingCall first(channel, kRun, "x", std::chrono::system_clock::now() + std::chrono::minutes(10));
  while (begun < 1) std::this_thread::yield();
  StreamingCall second(channel, kRun, "y", std::chrono::system_clock::now() + std::chrono::minutes(10));
  while ((*server)->waiting_calls() < 1) std::this_thread::yield();
  clock_step = GetParam();
  release.set_value();
  for (StreamingCall* call : {&first, &second}) {
    EXPECT_EQ(call->Read(), "run");
    EXPECT_TRUE(call->Finish().ok());
  }
  EXPECT_EQ(on_time, 2);
}

TEST_P(ClockStepTest, AShutdownLetsACallFinishAllTheSame) {
  std::promise<void> release;
  const std::shared_future<void> released = release.get_future().share();
  std::atomic<int> begun{0};
  const auto run = [&](UnaryCall* call) {
    ++begun;
    released.wait();
    call->Reply("run");
  };
  GrpcServer::Options options;
  options.port = 0;
  auto server = GrpcServer::Start(options, {{"trilho.Test", {{"Run", Plane::kData, run}}}});
  ASSERT_TRUE(server.ok()) << server.status();
  const auto channel = LocalChannel((*server)->port());
  StreamingCall call(channel, kRun, "x");
  while (begun < 1) std::this_thread::yield();
  std::promise<bool> stopped;
  std::thread shutdown([&] { stopped.set_value((*server)->Shutdown(std::chrono::minutes(10))); });
  clock_step = GetParam();
  std::this_thread::sleep_for(std::chrono::milliseconds(100));
  release.set_value();
  EXPECT_EQ(call.Read(), "run");
  EXPECT_TRUE(call.Finish().ok());
  EXPECT_TRUE(stopped.get_future().get());
  shutdown.join();
}

}  // namespace
}  // namespace trilho

// Health, the two planes, and the end of a GrpcServer.

#include <atomic>
#include <chrono>
#include <future>
#include <map>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "cpp_server/core/mutex.h"
#include "cpp_server/rpc/grpc_server.h"
#include "cpp_server/rpc/test_client.h"
#include "cpp_server/testing/no_more_threads.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace trilho {
namespace {

using ::testing::AnyOf;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr char kRun[] = "/trilho.Test/Run";
constexpr char kAsk[] = "/trilho.Test/Ask";

// Serves Run, which holds its data thread until it is released, and Ask on the
// control plane.
class GrpcServerLifecycleTest : public ::testing::Test {
 protected:
  void Serve(int data_threads, int max_waiting_calls = 1000) {
    const auto run = [this](UnaryCall* call) {
      ++begun_;
      released_.wait();
      call->Reply("run");
    };
    const auto ask = [](UnaryCall* call) { call->Reply("asked"); };
    UnaryMethod run_method{"Run", Plane::kData, run};
    run_method.refused = [this](const UnaryCall& /*call*/, const absl::Status& status) {
      MutexLock lock(&mu_);
      refused_.push_back(status.code());
    };
    GrpcServer::Options options;
    options.port = 0;
    options.data_threads = data_threads;
    options.max_waiting_calls = max_waiting_calls;
    options.memory = memory_;
    auto server = GrpcServer::Start(options, {{"trilho.Test", {run_method, {"Ask", Plane::kControl, ask}}}});
    ASSERT_TRUE(server.ok()) << server.status();
    server_ = *std::move(server);
    channel_ = LocalChannel(server_->port());
  }
  ~GrpcServerLifecycleTest() override { Release(); }

  void Release() {
    if (!is_released_.exchange(true)) release_.set_value();
  }

  // Begins a call of Run on a thread of its own.
  std::future<std::pair<grpc::Status, std::string>> BeginRun(const std::string& request = "x") {
    return std::async(std::launch::async, [this, request] { return RawCall(channel_, kRun, request); });
  }
  void AwaitRuns(int count) {
    while (begun_ < count) std::this_thread::yield();
  }

  // Of the calls of Run that were answered before their handler saw them.
  std::vector<absl::StatusCode> Refused() {
    MutexLock lock(&mu_);
    return refused_;
  }

  // "SERVING", "NOT_SERVING", or the code of the error.
  std::string Health(const std::string& service) {
    std::string request;
    if (!service.empty()) request = std::string("\x0a") + static_cast<char>(service.size()) + service;
    const auto [status, response] = RawCall(channel_, "/grpc.health.v1.Health/Check", request);
    if (!status.ok()) return status.error_code() == grpc::StatusCode::NOT_FOUND ? "NOT_FOUND" : status.error_message();
    // HealthCheckResponse{status: 1 or 2}
    if (response == "\x08\x01") return "SERVING";
    return response == "\x08\x02" ? "NOT_SERVING" : "UNKNOWN";
  }

  std::promise<void> release_;
  const std::shared_future<void> released_ = release_.get_future().share();
  std::atomic<bool> is_released_{false};
  std::atomic<int> begun_{0};
  Mutex mu_;
  std::vector<absl::StatusCode> refused_ GUARDED_BY(mu_);
  std::shared_ptr<RequestMemory> memory_;
  std::unique_ptr<GrpcServer> server_;
  std::shared_ptr<grpc::Channel> channel_;
};

TEST_F(GrpcServerLifecycleTest, HealthSaysWhatItIsTold) {
  Serve(1);
  for (const char* name : {"", "trilho.Test", "Test"}) {
    EXPECT_EQ(Health(name), "NOT_SERVING") << "'" << name << "' before it is said to serve";
  }
  server_->SetServicesServing(true);
  EXPECT_EQ(Health(""), "NOT_SERVING") << "services do not speak for the server";
  for (const char* name : {"trilho.Test", "Test"}) EXPECT_EQ(Health(name), "SERVING") << name;
  server_->SetServing(true);
  server_->SetServicesServing(false);
  EXPECT_EQ(Health(""), "SERVING");
  for (const char* name : {"trilho.Test", "Test"}) EXPECT_EQ(Health(name), "NOT_SERVING") << name;
  EXPECT_EQ(Health("acme.Fraud"), "NOT_FOUND");
}

TEST_F(GrpcServerLifecycleTest, TheControlPlaneAnswersWhileEveryDataThreadIsBusy) {
  Serve(2);
  server_->SetServing(true);
  std::vector<std::future<std::pair<grpc::Status, std::string>>> runs;
  for (int i = 0; i < 4; ++i) runs.push_back(BeginRun());
  AwaitRuns(2);
  for (int i = 0; i < 50; ++i) {
    const auto [status, response] = RawCall(channel_, kAsk, "");
    ASSERT_TRUE(status.ok()) << status.error_message();
    EXPECT_EQ(response, "asked");
  }
  EXPECT_EQ(Health(""), "SERVING");
  EXPECT_EQ(begun_, 2) << "one call a data thread";
  Release();
  for (auto& run : runs) {
    const auto [status, response] = run.get();
    EXPECT_TRUE(status.ok()) << status.error_message();
    EXPECT_EQ(response, "run");
  }
}

TEST_F(GrpcServerLifecycleTest, CallsBeyondTheBoundAreRefusedAtOnceWithTheBound) {
  Serve(1, 2);
  auto run = BeginRun();
  AwaitRuns(1);
  auto second = BeginRun(), third = BeginRun();
  while (server_->waiting_calls() < 2) std::this_thread::yield();
  const auto [status, response] = RawCall(channel_, kRun, "x");
  EXPECT_EQ(status.error_code(), grpc::StatusCode::RESOURCE_EXHAUSTED);
  EXPECT_EQ(status.error_message(), "the server is overloaded: 2 calls wait already (--max_queued_requests=2)");
  Release();
  for (auto* waiting : {&run, &second, &third}) EXPECT_TRUE(waiting->get().first.ok());
}

TEST_F(GrpcServerLifecycleTest, RequestsThatWaitAndRunAreBoundedInBytes) {
  memory_ = std::make_shared<RequestMemory>(int64_t{4} << 20);
  Serve(1);
  const std::string large(3 << 20, 'x');
  auto run = BeginRun();
  AwaitRuns(1);
  auto waiting = BeginRun(large);
  while (server_->waiting_calls() < 1) std::this_thread::yield();
  const auto [status, response] = RawCall(channel_, kRun, large);
  EXPECT_EQ(status.error_code(), grpc::StatusCode::RESOURCE_EXHAUSTED);
  EXPECT_EQ(status.error_message(),
            "the server is overloaded: 3145729 bytes of other requests and the 3145728 of this one are more than "
            "--max_request_memory_bytes=4194304");
  // This one is not even read.
  EXPECT_EQ(RawCall(channel_, kAsk, std::string((4 << 20) + 1, 'x')).first.error_message(),
            "Received message larger than max (4194305 vs. 4194304)");
  // What is small has room.
  EXPECT_TRUE(RawCall(channel_, kAsk, "x").first.ok());
  Release();
  EXPECT_TRUE(run.get().first.ok());
  EXPECT_TRUE(waiting.get().first.ok());
  EXPECT_TRUE(RawCall(channel_, kRun, large).first.ok()) << "there is room again";
  while (memory_->used() > 0) std::this_thread::yield();
}

TEST_F(GrpcServerLifecycleTest, ManyLargeRequestsAreAnsweredOrRefusedAndLeaveNothing) {
  memory_ = std::make_shared<RequestMemory>(int64_t{5} << 20);
  Serve(2);
  Release();
  const std::string large(2 << 20, 'x');
  std::vector<std::future<std::pair<grpc::Status, std::string>>> runs;
  for (int i = 0; i < 20; ++i) runs.push_back(BeginRun(large));
  for (auto& run : runs) {
    const grpc::Status status = run.get().first;
    EXPECT_TRUE(status.ok() || status.error_code() == grpc::StatusCode::RESOURCE_EXHAUSTED)
        << status.error_code() << " " << status.error_message();
  }
  EXPECT_TRUE(RawCall(channel_, kRun, large).first.ok()) << "the connection lives on";
  while (memory_->used() > 0) std::this_thread::yield();
}

TEST_F(GrpcServerLifecycleTest, ACallWhoseCallerLeftWhileItWaitedIsNotBegun) {
  Serve(1);
  auto run = BeginRun();
  AwaitRuns(1);
  {
    StreamingCall left(channel_, kRun, "x");
    while (server_->waiting_calls() < 1) std::this_thread::yield();
    left.Cancel();
  }
  // Behind the cancellation on the same connection.
  EXPECT_TRUE(RawCall(channel_, kAsk, "").first.ok());
  // The thread that is free sees it; wait until it has.
  std::this_thread::sleep_for(std::chrono::milliseconds(50));
  Release();
  EXPECT_TRUE(run.get().first.ok());
  EXPECT_TRUE(BeginRun().get().first.ok());
  EXPECT_EQ(begun_, 2);
  EXPECT_THAT(Refused(), ElementsAre(absl::StatusCode::kCancelled));
}

TEST_F(GrpcServerLifecycleTest, ACallWhoseDeadlinePassedWhileItWaitedIsNotBegun) {
  Serve(1);
  auto run = BeginRun();
  AwaitRuns(1);
  const auto deadline = std::chrono::system_clock::now() + std::chrono::seconds(1);
  StreamingCall late(channel_, kRun, "x", deadline);
  while (server_->waiting_calls() < 1 && std::chrono::system_clock::now() < deadline) std::this_thread::yield();
  ASSERT_EQ(server_->waiting_calls(), 1u);
  EXPECT_EQ(late.Finish().error_code(), grpc::StatusCode::DEADLINE_EXCEEDED);
  // gRPC tells the server of deadlines in round numbers, 10 ms at most above.
  std::this_thread::sleep_until(deadline + std::chrono::milliseconds(50));
  Release();
  EXPECT_TRUE(run.get().first.ok());
  // Behind it in the queue.
  EXPECT_TRUE(BeginRun().get().first.ok());
  EXPECT_EQ(begun_, 2);
  // Whichever the server sees first: that its client has gone, or the time.
  EXPECT_THAT(Refused(), ElementsAre(AnyOf(absl::StatusCode::kDeadlineExceeded, absl::StatusCode::kCancelled)));
}

TEST_F(GrpcServerLifecycleTest, ShutdownLetsACallFinishAndTakesNoNewOne) {
  Serve(1);
  server_->SetServing(true);
  auto run = BeginRun();
  AwaitRuns(1);
  const int port = server_->port();
  std::thread shutdown([this] { server_->Shutdown(std::chrono::minutes(5)); });
  // Until the listening port is closed; a call that came before is answered.
  const auto refused = [port] {
    const auto channel = grpc::CreateChannel(absl::StrCat("127.0.0.1:", port), grpc::InsecureChannelCredentials());
    return RawCall(channel, kAsk, "").first.error_code() == grpc::StatusCode::UNAVAILABLE;
  };
  while (!refused()) std::this_thread::yield();
  EXPECT_EQ(run.wait_for(std::chrono::seconds(0)), std::future_status::timeout) << "still under way";
  Release();
  const auto [status, response] = run.get();
  EXPECT_TRUE(status.ok()) << status.error_message();
  EXPECT_EQ(response, "run");
  shutdown.join();
}

// A balancer that watches is told before the server closes.
TEST_F(GrpcServerLifecycleTest, ShutdownSaysNotServingToWhoeverWatches) {
  Serve(1);
  server_->SetServing(true);
  StreamingCall watch(channel_, "/grpc.health.v1.Health/Watch", "");
  EXPECT_EQ(watch.Read(), "\x08\x01");
  auto run = BeginRun();
  AwaitRuns(1);
  std::thread shutdown([this] { server_->Shutdown(std::chrono::minutes(5)); });
  EXPECT_EQ(watch.Read(), "\x08\x02");
  Release();
  EXPECT_TRUE(run.get().first.ok());
  // Though the watch is still open.
  shutdown.join();
}

TEST_F(GrpcServerLifecycleTest, ShutdownCancelsWhatIsLeftAtTheEndOfTheGrace) {
  Serve(1);
  auto run = BeginRun();
  AwaitRuns(1);
  EXPECT_FALSE(server_->Shutdown(std::chrono::milliseconds(10))) << "the handler still runs";
  const grpc::StatusCode code = run.get().first.error_code();
  EXPECT_TRUE(code == grpc::StatusCode::CANCELLED || code == grpc::StatusCode::UNAVAILABLE) << code;
  // Its handler's late answer harms nobody.
  Release();
  server_.reset();
}

// Whoever made it may make it elsewhere.
TEST_F(GrpcServerLifecycleTest, ACallThatStillWaitsAtTheEndOfTheGraceIsUnavailable) {
  Serve(1);
  auto run = BeginRun();
  AwaitRuns(1);
  auto waits = BeginRun();
  while (server_->waiting_calls() < 1) std::this_thread::yield();
  EXPECT_FALSE(server_->Shutdown(std::chrono::milliseconds(300))) << "the first one still runs";
  const grpc::Status status = waits.get().first;
  EXPECT_EQ(status.error_code(), grpc::StatusCode::UNAVAILABLE);
  EXPECT_EQ(status.error_message(), "the server is stopping; the call was not begun");
  EXPECT_THAT(Refused(), ElementsAre(absl::StatusCode::kUnavailable));
  Release();
  run.get();
  EXPECT_EQ(begun_, 1);
}

// Over open connections; the one call that meets the close of its own is ended by gRPC itself, with another code.
TEST_F(GrpcServerLifecycleTest, CallsThatComeWhileItStopsAreAnsweredOrUnavailableButForOneAtTheClose) {
  Release();
  for (int round = 0; round < 5; ++round) {
    Serve(2);
    std::atomic<bool> stop{false};
    std::atomic<int> answered{0};
    // Each has a connection of its own, and counts its calls by the numbers of their codes.
    std::vector<std::future<std::map<int, int>>> callers;
    for (int i = 0; i < 4; ++i) {
      callers.push_back(std::async(std::launch::async, [&, channel = LocalChannel(server_->port())] {
        std::map<int, int> codes;
        while (!stop) {
          const int code = RawCall(channel, kRun, "x").first.error_code();
          ++codes[code];
          if (code == grpc::StatusCode::OK) ++answered;
        }
        return codes;
      }));
    }
    while (answered < 100) std::this_thread::yield();
    EXPECT_FALSE(server_->IsQuiet(std::chrono::steady_clock::now()));
    EXPECT_TRUE(server_->Shutdown(std::chrono::minutes(1)));
    stop = true;
    for (auto& caller : callers) {
      std::map<int, int> codes = caller.get();
      EXPECT_LE(codes[grpc::CANCELLED] + codes[grpc::INTERNAL], 1) << "calls of one connection that met its close";
      for (const int known : {grpc::OK, grpc::UNAVAILABLE, grpc::CANCELLED, grpc::INTERNAL}) codes.erase(known);
      EXPECT_THAT(codes, IsEmpty()) << "pairs of a code's number and how many calls got it";
    }
    server_.reset();
  }
}

TEST_F(GrpcServerLifecycleTest, IsQuietOnceNoCallHasComeForAMoment) {
  Serve(1);
  Release();
  const auto begin = std::chrono::steady_clock::now();
  EXPECT_TRUE(server_->IsQuiet(begin)) << "nobody has ever called";
  Health("");
  EXPECT_TRUE(server_->IsQuiet(begin)) << "a probe is no call";
  ASSERT_TRUE(BeginRun().get().first.ok());
  const auto since = std::chrono::steady_clock::now();
  EXPECT_FALSE(server_->IsQuiet(since));
  while (!server_->IsQuiet(since)) std::this_thread::sleep_for(std::chrono::milliseconds(1));
  EXPECT_GE(std::chrono::steady_clock::now() - since, std::chrono::milliseconds(300));
  EXPECT_TRUE(server_->IsQuiet(since + std::chrono::hours(1))) << "the call was long before";
}

TEST_F(GrpcServerLifecycleTest, TheDestructorShutsDownWithCallsStillWaiting) {
  Serve(1);
  std::vector<std::future<std::pair<grpc::Status, std::string>>> runs;
  for (int i = 0; i < 3; ++i) runs.push_back(BeginRun());
  AwaitRuns(1);
  std::thread destruction([this] { server_.reset(); });
  Release();
  destruction.join();
  // Each ended, one way or the other.
  for (auto& run : runs) run.get();
}

TEST_F(GrpcServerLifecycleTest, APortIsFreeAgainAfterShutdown) {
  Serve(1);
  GrpcServer::Options options;
  options.port = server_->port();
  server_->Shutdown(std::chrono::milliseconds(0));
  server_.reset();
  EXPECT_TRUE(GrpcServer::Start(options, {}).ok());
}

TEST_F(GrpcServerLifecycleTest, WithoutThreadsAStartFailsWithTheReason) {
  // What gRPC has of its own is there then.
  Serve(1);
  {
    const NoMoreThreads tight;
    GrpcServer::Options options;
    options.port = 0;
    const auto server = GrpcServer::Start(options, {});
    EXPECT_EQ(server.status().code(), absl::StatusCode::kResourceExhausted) << server.status();
  }
  GrpcServer::Options options;
  options.port = 0;
  EXPECT_TRUE(GrpcServer::Start(options, {}).ok());
}

TEST_F(GrpcServerLifecycleTest, WithoutAThreadForItAShutdownLetsCallsFinish) {
  Serve(1);
  auto run = BeginRun();
  AwaitRuns(1);
  std::promise<void> shuts_down;
  std::thread release([this, begins = shuts_down.get_future()] {
    begins.wait();
    std::this_thread::sleep_for(std::chrono::milliseconds(100));
    Release();
  });
  const NoMoreThreads tight;
  shuts_down.set_value();
  EXPECT_TRUE(server_->Shutdown(std::chrono::minutes(5)));
  EXPECT_TRUE(run.get().first.ok());
  release.join();
}

}  // namespace
}  // namespace trilho

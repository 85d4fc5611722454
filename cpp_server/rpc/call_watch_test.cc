// Answers that nobody reads, and streams that nobody ends.

#include "cpp_server/rpc/call_watch.h"

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <fstream>
#include <memory>
#include <set>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "cpp_server/rpc/grpc_server.h"
#include "cpp_server/rpc/http2_test_client.h"
#include "cpp_server/rpc/test_client.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace trilho {
namespace {

using std::chrono::milliseconds;
using ::testing::HasSubstr;

constexpr char kRun[] = "/trilho.Test/Run";
constexpr char kReady[] = "/trilho.Test/Ready";
constexpr char kReflect[] = "/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo";
constexpr size_t kLarge = 256 << 10;
constexpr int64_t kBound = 1 << 20;

// Waits for `condition`, but not forever.
template <typename Condition>
bool Eventually(Condition condition) {
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::minutes(1);
  while (!condition()) {
    if (std::chrono::steady_clock::now() > deadline) return false;
    std::this_thread::sleep_for(milliseconds(1));
  }
  return true;
}

// Serves Run, whose answer is much larger than its request, and the probe Ready.
class CallWatchTest : public ::testing::Test {
 protected:
  CallWatchTest() {
    watch_.memory = memory_;
    watch_.stalled = std::chrono::hours(1);
  }

  void Serve() {
    GrpcServer::Options options;
    options.port = 0;
    options.watch = watch_;
    const auto run = [](UnaryCall* call) { call->Reply(std::string(kLarge, 'x')); };
    const auto ready = [](UnaryCall* call) { call->Reply("ready"); };
    auto server = GrpcServer::Start(
        options, {{"trilho.Test", {{"Run", Plane::kData, run}, {"Ready", Plane::kControl, ready, /*is_open=*/true}}}});
    ASSERT_TRUE(server.ok()) << server.status();
    server_ = *std::move(server);
  }

  const std::shared_ptr<ResponseMemory> memory_ = std::make_shared<ResponseMemory>(kBound);
  CallWatch::Options watch_;
  std::unique_ptr<GrpcServer> server_;
};

TEST_F(CallWatchTest, AnswersThatAreReadLeaveNothing) {
  Serve();
  const auto channel = LocalChannel(server_->port());
  for (int i = 0; i < 20; ++i) {
    const auto [status, response] = RawCall(channel, kRun, "x");
    ASSERT_TRUE(status.ok()) << status.error_message();
    EXPECT_EQ(response.size(), kLarge);
  }
  EXPECT_TRUE(Eventually([&] { return memory_->used() == 0; }));
}

TEST_F(CallWatchTest, AnswersThatNobodyReadsAreBounded) {
  Serve();
  Http2TestClient client(server_->port(), /*window=*/0);
  std::vector<uint32_t> streams;
  for (int i = 0; i < 30; ++i) streams.push_back(client.Call(kRun, "x"));
  int refused = 0;
  // Refusals need no window, and come in any order.
  while (refused < 25) {
    const auto frame = client.Read();
    ASSERT_TRUE(frame);
    ASSERT_NE(frame->type, Http2Frame::kReset);
    if (frame->type == Http2Frame::kHeaders && (frame->flags & 1) != 0) ++refused;
  }
  EXPECT_GE(memory_->used(), kBound);
  EXPECT_LT(memory_->used(), kBound + static_cast<int64_t>(2 * kLarge));
  const auto [status, response] = RawCall(LocalChannel(server_->port()), kRun, "x");
  EXPECT_EQ(status.error_code(), grpc::StatusCode::RESOURCE_EXHAUSTED);
  EXPECT_THAT(status.error_message(), HasSubstr("--max_response_memory_bytes=1048576 is reached"));
  // Whoever reads at last gets what was held.
  client.OpenWindow(0, 1 << 30);
  for (const uint32_t stream : streams) client.OpenWindow(stream, 1 << 30);
  EXPECT_TRUE(Eventually([&] {
    client.Read();
    return memory_->used() == 0;
  }));
  EXPECT_TRUE(RawCall(LocalChannel(server_->port()), kRun, "x").first.ok());
}

TEST_F(CallWatchTest, AnswersThatAreStalledMakeRoom) {
  watch_.stalled = milliseconds(100);
  Serve();
  Http2TestClient reads_nothing(server_->port(), /*window=*/0);
  const uint32_t first = reads_nothing.Call(kRun, "x");
  for (int i = 0; i < 5; ++i) reads_nothing.Call(kRun, "x");
  ASSERT_TRUE(Eventually([&] { return memory_->used() >= kBound; }));
  std::this_thread::sleep_for(milliseconds(200));
  EXPECT_TRUE(RawCall(LocalChannel(server_->port()), kRun, "x").first.ok());
  EXPECT_EQ(reads_nothing.ReadToEnd(first).first, "") << "the oldest one is ended";
}

TEST_F(CallWatchTest, ProbesAreAnsweredBeyondTheBound) {
  Serve();
  Http2TestClient reads_nothing(server_->port(), /*window=*/0);
  for (int i = 0; i < 5; ++i) reads_nothing.Call(kRun, "x");
  ASSERT_TRUE(Eventually([&] { return memory_->used() >= kBound; }));
  const auto channel = LocalChannel(server_->port());
  EXPECT_EQ(RawCall(channel, kRun, "x").first.error_code(), grpc::StatusCode::RESOURCE_EXHAUSTED);
  const auto [status, response] = RawCall(channel, kReady, "");
  EXPECT_TRUE(status.ok()) << status.error_message();
  EXPECT_EQ(response, "ready");
  // Those that nobody reads count.
  const int64_t before = memory_->used();
  for (int i = 0; i < 10; ++i) reads_nothing.Call(kReady, "");
  EXPECT_TRUE(Eventually([&] { return memory_->used() >= before + 10 * 4096; }));
}

TEST_F(CallWatchTest, ManyAnswersThatAreReadTooSlowlyAreEndedOneBatchAfterAnother) {
  watch_.patience = milliseconds(200);
  Serve();
  Http2TestClient reads_nothing(server_->port(), /*window=*/0);
  // More than are ended at once, and more than the budget has room for.
  constexpr int kCalls = 600;
  for (int i = 0; i < kCalls; ++i) reads_nothing.Call(kReady, "");
  ASSERT_TRUE(Eventually([&] { return memory_->used() > 0; }));
  // By trailers or by a reset.
  std::set<uint32_t> ended;
  while (ended.size() < kCalls) {
    const auto frame = reads_nothing.Read();
    ASSERT_TRUE(frame);
    const bool is_last = frame->type == Http2Frame::kHeaders && (frame->flags & 1) != 0;
    if (is_last || frame->type == Http2Frame::kReset) ended.insert(frame->stream);
  }
  EXPECT_TRUE(Eventually([&] { return memory_->used() == 0; }));
}

TEST_F(CallWatchTest, AnswersThatAreReadTooSlowlyAreEnded) {
  watch_.patience = milliseconds(200);
  watch_.least_bytes_per_second = 1 << 30;
  Serve();
  Http2TestClient client(server_->port(), /*window=*/10);
  const uint32_t stream = client.Call(kRun, "x");
  const auto [data, last] = client.ReadToEnd(stream);
  EXPECT_EQ(data.size(), 10u);
  EXPECT_NE(last.type, Http2Frame::kGoAway) << "the call ends, not the connection";
  EXPECT_TRUE(Eventually([&] { return memory_->used() == 0; }));
  EXPECT_TRUE(RawCall(LocalChannel(server_->port()), kRun, "x").first.ok());
}

int Threads() {
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);) {
    if (absl::StartsWith(line, "Threads:")) return std::stoi(line.substr(8));
  }
  ADD_FAILURE();
  return 0;
}

TEST_F(CallWatchTest, StreamsOfReflectionHaveFewThreadsAndEnd) {
  watch_.longest_stream = milliseconds(500);
  Serve();
  // A request for the list of services, which leaves the stream open.
  const auto list = [this] {
    const auto channel = LocalChannel(server_->port());
    return RawCall(channel, kReflect, std::string("\x3a\x00", 2)).second;
  };
  EXPECT_THAT(list(), HasSubstr("trilho.Test"));
  const int before = Threads();
  std::vector<std::unique_ptr<Http2TestClient>> clients;
  for (int i = 0; i < 200; ++i) {
    clients.push_back(std::make_unique<Http2TestClient>(server_->port()));
    clients.back()->Begin(kReflect);
  }
  // Those that have no thread are refused, the others ended in time.
  int most = 0;
  for (const auto& client : clients) {
    client->ReadToEnd(1);
    most = std::max(most, Threads());
  }
  EXPECT_LT(most, before + 30);
  EXPECT_THAT(list(), HasSubstr("trilho.Test"));
}

}  // namespace
}  // namespace trilho

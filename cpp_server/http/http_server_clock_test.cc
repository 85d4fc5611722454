// A step of the machine's clock harms no request that waits.

#include <chrono>
#include <memory>

#include "cpp_server/http/http_test_client.h"
#include "cpp_server/http/http_test_server.h"
#include "cpp_server/testing/clock_step.h"
#include "gtest/gtest.h"

namespace trilho {
namespace {

constexpr time_t kHour = 3600;

class HttpClockTest : public ::testing::TestWithParam<time_t> {
 protected:
  ~HttpClockTest() override { clock_step = 0; }
};

INSTANTIATE_TEST_SUITE_P(AnHour, HttpClockTest, ::testing::Values(kHour, -kHour));

TEST_P(HttpClockTest, ARequestThatWaitsForAThreadIsHandledAndKeepsItsDeadline) {
  HttpServer::Options options;
  options.data_threads = 1;
  options.request_timeout = std::chrono::minutes(10);
  HttpTestServer server(options);
  HttpTestClient blocks(server->port()), waits(server->port());
  blocks.Send("GET /block HTTP/1.1\r\nHost: t\r\n\r\n");
  const auto blocked = server.Take();
  waits.Send("GET /hold HTTP/1.1\r\nHost: t\r\n\r\n");
  ASSERT_TRUE(Eventually([&] { return server->waiting_calls() == 1; }));
  clock_step = GetParam();
  server.Unblock();
  const auto held = server.Take();
  const auto left = held->deadline() - std::chrono::steady_clock::now();
  EXPECT_GT(left, std::chrono::minutes(0));
  EXPECT_LE(left, std::chrono::minutes(10));
  blocked->Reply({});
  held->Reply({});
  EXPECT_EQ(blocks.Read().status, 200);
  EXPECT_EQ(waits.Read().status, 200);
}

}  // namespace
}  // namespace trilho

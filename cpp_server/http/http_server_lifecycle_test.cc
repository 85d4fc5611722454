// How a server begins, bears many connections, and ends.

#include <atomic>
#include <chrono>
#include <future>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "cpp_server/http/http_server.h"
#include "cpp_server/http/http_test_client.h"
#include "cpp_server/http/http_test_server.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace trilho {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using ::testing::HasSubstr;

absl::Status StartError(const HttpServer::Options& options) {
  return HttpServer::Start(options, HttpRouter({})).status();
}

TEST(HttpServerStart, SaysWhichPortItCannotHave) {
  HttpTestServer server;
  HttpServer::Options options;
  options.address = "127.0.0.1";
  options.port = server->port();
  EXPECT_EQ(StartError(options), absl::UnavailableError(absl::StrCat(
                                     "HTTP: cannot listen on 127.0.0.1:", server->port(), ": Address already in use")));
  // Not even of all interfaces.
  options.address = "0.0.0.0";
  EXPECT_EQ(StartError(options).code(), absl::StatusCode::kUnavailable);
}

TEST(HttpServerStart, HasAPortAgainAtOnce) {
  HttpServer::Options options;
  {
    HttpTestServer server;
    options.port = server->port();
    HttpTestClient client(server->port());
    EXPECT_EQ(client.Get("/show").status, 200);
    // The server closes first, so that the port is in TIME_WAIT.
  }
  HttpTestServer successor(options);
  HttpTestClient client(successor->port());
  EXPECT_EQ(client.Get("/show").status, 200);
}

TEST(HttpServerStart, RefusesOptionsWithoutSense) {
  const auto expect_refused = [](const HttpServer::Options& options, const std::string& name) {
    const absl::Status status = StartError(options);
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument) << name;
    EXPECT_THAT(std::string(status.message()), HasSubstr(name));
  };
  HttpServer::Options options;
  options.address = "localhost";
  expect_refused(options, "the address localhost is not an IP address");
  options = {};
  options.port = 65536;
  expect_refused(options, "port is 65536, must be within 0 and 65535");
  options = {};
  options.data_threads = 0;
  expect_refused(options, "data_threads is 0, must be at least 1");
  options = {};
  options.max_header_bytes = 65537;
  expect_refused(options, "max_header_bytes is 65537, must be at most 65536");
  options = {};
  options.idle_timeout = milliseconds(0);
  expect_refused(options, "idle_timeout");
  options = {};
  options.min_bytes_per_second = -1;
  expect_refused(options, "min_bytes_per_second is -1, must be at least 0");
}

TEST(HttpServerStart, MayUseIpv6) {
  HttpServer::Options options;
  options.address = "::1";
  const absl::Status status = StartError(options);
  // Where there is none, it says so.
  if (!status.ok()) {
    EXPECT_THAT(std::string(status.message()), HasSubstr("cannot listen on [::1]:0"));
  }
}

TEST(HttpServerLoad, ServesManyConnectionsAtOnce) {
  constexpr int kClients = 100;
  HttpServer::Options options;
  options.data_threads = 2;
  HttpTestServer server(options);
  std::vector<std::thread> threads;
  std::atomic<int> good{0};
  for (int i = 0; i < kClients; ++i) {
    threads.emplace_back([&server, &good, i] {
      HttpTestClient client(server->port());
      const std::string body(static_cast<size_t>(i) * 1000, static_cast<char>('a' + i % 26));
      for (int n = 0; n < 20; ++n) {
        if (client.Post(n % 2 == 0 ? "/echo" : "/control/echo", body).body == body) ++good;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(good, kClients * 20);
}

TEST(HttpServerLoad, RefusesConnectionsBeyondItsBound) {
  HttpServer::Options options;
  options.max_connections = 2;
  HttpTestServer server(options);
  // Neither is idle.
  HttpTestClient one(server->port());
  one.Send("GET /hold HTTP/1.1\r\nHost: t\r\n\r\n");
  const auto held = server.Take();
  auto two = std::make_unique<HttpTestClient>(server->port());
  two->Send("GET /hold HTTP/1.1\r\nHost: t\r\n\r\n");
  const auto given_up = server.Take();
  for (const std::string body : {"", "body"}) {
    HttpTestClient three(server->port());
    const auto response = body.empty() ? three.Get("/show") : three.Post("/control/echo", body);
    EXPECT_EQ(response.status, 503);
    EXPECT_EQ(response.body, "{\"error\": \"the server has 2 connections already, which is its bound\"}");
    EXPECT_TRUE(three.IsClosed());
  }
  // Probes get through.
  HttpTestClient probe(server->port());
  const auto well = probe.Get("/control/show");
  EXPECT_EQ(well.status, 200);
  EXPECT_EQ(well.headers.at("connection"), "close");
  EXPECT_TRUE(probe.IsClosed());
  two.reset();
  given_up->Reply({});
  EXPECT_TRUE(Eventually([&] { return HttpTestClient(server->port()).Get("/show").status == 200; }));
  held->Reply({});
  EXPECT_EQ(one.Read().status, 200);
}

TEST(HttpServerLoad, ClosesTheConnectionThatIsIdleForLongestWhenAnotherOneComes) {
  HttpServer::Options options;
  options.max_connections = 2;
  HttpTestServer server(options);
  HttpTestClient one(server->port());
  EXPECT_EQ(one.Get("/show").status, 200);
  HttpTestClient two(server->port());
  EXPECT_EQ(two.Get("/show").status, 200);
  EXPECT_EQ(one.Get("/show").status, 200);
  HttpTestClient three(server->port());
  EXPECT_EQ(three.Get("/show").status, 200);
  EXPECT_TRUE(two.IsClosed());
  EXPECT_EQ(one.Get("/show").status, 200);
}

TEST(HttpServerLoad, AnswersProbesWhileClientsHoldAllConnectionsAndMore) {
  HttpServer::Options options;
  options.max_connections = 2;
  HttpTestServer server(options);
  // More than the server lets come beyond its bound.
  std::vector<std::unique_ptr<HttpTestClient>> slow;
  for (int i = 0; i < 100; ++i) {
    slow.push_back(std::make_unique<HttpTestClient>(server->port()));
    slow.back()->Send("GET /control/show HTTP/1.1\r\nHost: t\r\nX-Te");
  }
  for (int i = 0; i < 100; ++i) ASSERT_EQ(HttpTestClient(server->port()).Get("/control/show").status, 200) << i;
}

TEST(HttpServerShutdown, ClosesIdleConnectionsAtOnce) {
  HttpTestServer server;
  HttpTestClient fresh(server->port());
  HttpTestClient used(server->port());
  EXPECT_EQ(used.Get("/show").status, 200);
  const auto begin = std::chrono::steady_clock::now();
  EXPECT_TRUE(server->Shutdown(seconds(60)));
  EXPECT_TRUE(fresh.IsClosed());
  EXPECT_TRUE(used.IsClosed());
  EXPECT_LT(std::chrono::steady_clock::now() - begin, seconds(10));
  EXPECT_FALSE(HttpTestClient(server->port()).is_connected());
}

TEST(HttpServerShutdown, AnswersWhatIsUnderWay) {
  HttpTestServer server;
  HttpTestClient held(server->port());
  held.Send("GET /hold HTTP/1.1\r\nHost: t\r\n\r\n");
  const auto call = server.Take();
  HttpTestClient blocks(server->port());
  blocks.Send("GET /block HTTP/1.1\r\nHost: t\r\n\r\n");
  const auto blocked = server.Take();
  HttpTestClient waits(server->port());
  waits.Send("GET /show HTTP/1.1\r\nHost: t\r\n\r\n");
  EXPECT_TRUE(Eventually([&] { return server->waiting_calls() == 1; }));
  HttpTestClient half(server->port());
  EXPECT_EQ(
      half.Ask("POST /control/echo HTTP/1.1\r\nHost: t\r\nExpect: 100-continue\r\nContent-Length: 4\r\n\r\n").status,
      100);

  auto done = std::async(std::launch::async, [&] { return server->Shutdown(seconds(60)); });
  EXPECT_TRUE(Eventually([&] { return !HttpTestClient(server->port()).is_connected(); }));
  EXPECT_FALSE(*call->cancelled());
  const auto last = half.Ask("body");
  EXPECT_EQ(last.body, "body");
  EXPECT_EQ(last.headers.at("connection"), "close");
  EXPECT_TRUE(half.IsClosed());
  EXPECT_EQ(done.wait_for(milliseconds(0)), std::future_status::timeout);
  server.Unblock();
  blocked->Reply({});
  call->Reply({});
  for (HttpTestClient* const client : {&held, &blocks, &waits}) {
    const auto response = client->Read();
    EXPECT_EQ(response.status, 200);
    EXPECT_EQ(response.headers.at("connection"), "close");
  }
  EXPECT_TRUE(done.get());
}

TEST(HttpServerShutdown, AnswersRequestsThatCameBefore) {
  for (int i = 0; i < 20; ++i) {
    HttpTestServer server;
    HttpTestClient client(server->port());
    ASSERT_EQ(client.Get("/show").status, 200);
    client.Send("GET /show HTTP/1.1\r\nHost: t\r\n\r\n");
    ASSERT_TRUE(server->Shutdown(seconds(60)));
    ASSERT_EQ(client.Read().status, 200);
  }
}

TEST(HttpServerShutdown, GivesUpAfterItsGrace) {
  HttpTestServer server;
  HttpTestClient blocks(server->port());
  blocks.Send("GET /block HTTP/1.1\r\nHost: t\r\n\r\n");
  const auto blocked = server.Take();
  HttpTestClient waits(server->port());
  waits.Send("GET /show HTTP/1.1\r\nHost: t\r\n\r\n");
  HttpTestClient half(server->port());
  half.Send("GET /show HTTP/1.1\r\nHost: t\r\n");
  EXPECT_TRUE(Eventually([&] { return server->waiting_calls() == 1; }));

  EXPECT_FALSE(server->Shutdown(milliseconds(50)));
  EXPECT_TRUE(*blocked->cancelled());
  for (HttpTestClient* const client : {&blocks, &waits, &half}) EXPECT_TRUE(client->IsClosed());
  EXPECT_EQ(server->waiting_calls(), 0u);

  auto destroyed = std::async(std::launch::async, [&] { server.Destroy(); });
  EXPECT_EQ(destroyed.wait_for(milliseconds(50)), std::future_status::timeout) << "a handler holds a call";
  server.Unblock();
  blocked->Reply({});
  destroyed.get();
  EXPECT_EQ(server.handled(), 1);
}

TEST(HttpServerShutdown, DoesNotWaitForClientsThatKeepTheirConnection) {
  HttpTestServer server;
  HttpTestClient client(server->port());
  EXPECT_EQ(client.Post("/show", "", "Connection: close\r\n").status, 200);
  HttpTestClient silent(server->port());
  silent.Send("not HTTP\r\n\r\n");
  EXPECT_EQ(silent.Read().status, 400);
  const auto begin = std::chrono::steady_clock::now();
  EXPECT_TRUE(server->Shutdown(seconds(60)));
  server.Destroy();
  EXPECT_LT(std::chrono::steady_clock::now() - begin, seconds(3));
}

TEST(HttpServerShutdown, HappensWithoutBeingAskedFor) {
  HttpTestServer server;
  HttpTestClient client(server->port());
  client.Send("GET /hold HTTP/1.1\r\nHost: t\r\n\r\n");
  server.Take();  // let go: answered 500, to nobody perhaps
  server.Destroy();
}

}  // namespace
}  // namespace trilho

// Clients that are slow or go away, and handlers that are.

#include <chrono>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "cpp_server/http/http_server.h"
#include "cpp_server/http/http_test_client.h"
#include "cpp_server/http/http_test_server.h"
#include "gtest/gtest.h"

namespace trilho {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kShort{100};

TEST(SlowClients, AreToldSoIfTheirHeaderDoesNotCome) {
  HttpServer::Options options;
  options.header_timeout = kShort;
  HttpTestServer server(options);
  HttpTestClient client(server->port());
  const auto response = client.Ask("GET /show HTTP/1.1\r\nHost: t\r\nX-Te");
  EXPECT_EQ(response.status, 408);
  EXPECT_EQ(response.body, "{\"error\": \"the request's header did not come within 100 ms\"}");
  EXPECT_TRUE(client.IsClosed());
}

TEST(SlowClients, CannotGainTimeByTrickling) {
  HttpServer::Options options;
  options.header_timeout = milliseconds(300);
  HttpTestServer server(options);
  std::vector<std::unique_ptr<HttpTestClient>> clients;
  for (int i = 0; i < 50; ++i) {
    clients.push_back(std::make_unique<HttpTestClient>(server->port()));
    clients.back()->Send("GET /show HTTP/1.1\r\nHost: t\r\n");
  }
  const auto begin = std::chrono::steady_clock::now();
  bool all_sent = true;
  HttpTestClient good(server->port());
  while (all_sent && std::chrono::steady_clock::now() - begin < std::chrono::seconds(30)) {
    for (const auto& client : clients) all_sent = client->Send("X: y\r\n") && all_sent;
    // Others are served meanwhile.
    ASSERT_EQ(good.Get("/show").status, 200);
    std::this_thread::sleep_for(milliseconds(10));
    char byte;
    if (recv(clients[0]->socket(), &byte, 1, MSG_PEEK | MSG_DONTWAIT) > 0) break;
  }
  for (const auto& client : clients) EXPECT_EQ(client->Read().status, 408);
}

TEST(SlowClients, AreToldSoIfTheirBodyStops) {
  HttpServer::Options options;
  options.progress_timeout = kShort;
  HttpTestServer server(options);
  HttpTestClient client(server->port());
  const auto response = client.Ask("POST /echo HTTP/1.1\r\nHost: t\r\nContent-Length: 10\r\n\r\nabc");
  EXPECT_EQ(response.status, 408);
  EXPECT_EQ(response.body, "{\"error\": \"nothing of the request's body came for 100 ms\"}");
  EXPECT_TRUE(client.IsClosed());
}

TEST(SlowClients, HaveTimeAsLongAsTheirBodyGrows) {
  HttpServer::Options options;
  options.progress_timeout = milliseconds(500);
  options.min_bytes_per_second = 0;
  HttpTestServer server(options);
  HttpTestClient client(server->port());
  client.Send("POST /echo HTTP/1.1\r\nHost: t\r\nContent-Length: 20\r\n\r\n");
  for (int i = 0; i < 20; ++i) {
    std::this_thread::sleep_for(milliseconds(50));
    client.Send("x");
  }
  EXPECT_EQ(client.Read().body, std::string(20, 'x'));
}

TEST(SlowClients, CannotHoldAConnectionByABodyThatTrickles) {
  HttpServer::Options options;
  options.progress_timeout = milliseconds(500);
  options.min_bytes_per_second = 1000;
  HttpTestServer server(options);
  for (const std::string piece : {"x", "1\r\nx\r\n"}) {
    const std::string framing = piece.size() == 1 ? "Content-Length: 1000000" : "Transfer-Encoding: chunked";
    HttpTestClient client(server->port());
    const auto begin = std::chrono::steady_clock::now();
    client.Send("POST /echo HTTP/1.1\r\nHost: t\r\n" + framing + "\r\n\r\n");
    char byte;
    while (recv(client.socket(), &byte, 1, MSG_PEEK | MSG_DONTWAIT) <= 0 &&
           std::chrono::steady_clock::now() - begin < std::chrono::seconds(30)) {
      client.Send(piece);
      std::this_thread::sleep_for(milliseconds(20));
    }
    const auto response = client.Read();
    EXPECT_EQ(response.status, 408);
    EXPECT_EQ(response.body, "{\"error\": \"the request's body came more slowly than 1000 bytes a second\"}");
    EXPECT_TRUE(client.IsClosed());
  }
}

TEST(SlowClients, GainNoTimeByABurst) {
  HttpServer::Options options;
  options.progress_timeout = milliseconds(500);
  options.min_bytes_per_second = 1000;
  HttpTestServer server(options);
  HttpTestClient client(server->port());
  // As much as would be due in a quarter of an hour.
  client.Send("POST /echo HTTP/1.1\r\nHost: t\r\nContent-Length: 1000000\r\n\r\n" + std::string(900000, 'x'));
  char byte;
  int pieces = 0;
  while (recv(client.socket(), &byte, 1, MSG_PEEK | MSG_DONTWAIT) <= 0 && pieces < 1500) {
    client.Send("x");
    ++pieces;
    std::this_thread::sleep_for(milliseconds(20));
  }
  EXPECT_EQ(client.Read().status, 408);
}

TEST(SlowClients, HaveTheTimeThatTheRateGivesThem) {
  HttpServer::Options options;
  options.progress_timeout = milliseconds(500);
  options.min_bytes_per_second = 1000;
  HttpTestServer server(options);
  HttpTestClient client(server->port());
  client.Send("POST /echo HTTP/1.1\r\nHost: t\r\nContent-Length: 2500\r\n\r\n");
  // Longer than progress_timeout together, but fast enough.
  for (int i = 0; i < 25; ++i) {
    std::this_thread::sleep_for(milliseconds(50));
    client.Send(std::string(100, 'x'));
  }
  EXPECT_EQ(client.Read().body.size(), 2500u);
}

TEST(SlowClients, LoseTheirConnectionIfTheyDoNotRead) {
  HttpServer::Options options;
  options.progress_timeout = kShort;
  HttpTestServer server(options);
  HttpTestClient client(server->port());
  client.Send("GET /hold HTTP/1.1\r\nHost: t\r\n\r\n");
  HttpResponse response;
  response.body = std::string(64 << 20, 'x');
  server.Take()->Reply(response);
  // When the server is done with it, a shutdown has nothing to wait for.
  EXPECT_TRUE(server->Shutdown(std::chrono::seconds(30)));
  EXPECT_EQ(client.Read().status, 0) << "the response must have been cut";
}

TEST(IdleConnections, AreClosedWithoutAWord) {
  HttpServer::Options options;
  options.idle_timeout = kShort;
  HttpTestServer server(options);
  HttpTestClient client(server->port());
  EXPECT_TRUE(client.IsClosed());
  HttpTestClient used(server->port());
  EXPECT_EQ(used.Get("/show").status, 200);
  EXPECT_TRUE(used.IsClosed());
}

TEST(SlowHandlers, AreAnsweredFor) {
  HttpServer::Options options;
  options.request_timeout = kShort;
  HttpTestServer server(options);
  HttpTestClient client(server->port());
  const auto response = client.Get("/hold");
  EXPECT_EQ(response.status, 504);
  EXPECT_EQ(response.body, "{\"error\": \"the request was not answered within 100 ms\"}");
  const auto call = server.Take();
  EXPECT_TRUE(*call->cancelled());
  // The connection lives on, and the late reply answers nobody.
  client.Send("GET /hold HTTP/1.1\r\nHost: t\r\n\r\n");
  const auto next = server.Take();
  HttpResponse late;
  late.body = "late";
  call->Reply(late);
  HttpResponse in_time;
  in_time.body = "in time";
  next->Reply(in_time);
  EXPECT_EQ(client.Read().body, "in time");
}

TEST(SlowHandlers, AreAnsweredForWhileTheirCallsWait) {
  HttpServer::Options options;
  options.request_timeout = kShort;
  HttpTestServer server(options);
  HttpTestClient blocks(server->port());
  blocks.Send("GET /block HTTP/1.1\r\nHost: t\r\n\r\n");
  const auto blocked = server.Take();
  HttpTestClient waits(server->port());
  EXPECT_EQ(waits.Get("/show").status, 504);
  EXPECT_EQ(server->waiting_calls(), 0u);
  EXPECT_EQ(blocks.Read().status, 504);
  server.Unblock();
  blocked->Reply({});
  EXPECT_EQ(waits.Get("/control/show").status, 200);
  EXPECT_EQ(server.handled(), 2) << "nobody handled what nobody waited for";
}

TEST(SlowHandlers, MayTakeForeverIfThatIsWanted) {
  HttpServer::Options options;
  options.request_timeout = milliseconds(0);
  options.idle_timeout = options.header_timeout = options.progress_timeout = milliseconds(20);
  HttpTestServer server(options);
  HttpTestClient client(server->port());
  client.Send("GET /hold HTTP/1.1\r\nHost: t\r\n\r\n");
  const auto call = server.Take();
  EXPECT_EQ(call->deadline(), std::chrono::steady_clock::time_point::max());
  // None of the other bounds holds for a handler.
  std::this_thread::sleep_for(milliseconds(100));
  EXPECT_FALSE(*call->cancelled());
  call->Reply({});
  EXPECT_EQ(client.Read().status, 200);
}

// Whoever ends its side after its request, however soon, has gone.
HttpServer::Options WithoutHalfCloses() {
  HttpServer::Options options;
  options.half_close_window = milliseconds(0);
  return options;
}

TEST(ClientsThatGo, AreNoticedByTheirHandler) {
  HttpTestServer server(WithoutHalfCloses());
  for (const bool resets : {false, true}) {
    HttpTestClient client(server->port());
    client.Send("POST /hold HTTP/1.1\r\nHost: t\r\nContent-Length: 4\r\n\r\nbody");
    const auto call = server.Take();
    const auto cancelled = call->cancelled();
    EXPECT_FALSE(*cancelled);
    if (resets) {
      client.Reset();
    } else {
      client.Close();
    }
    EXPECT_TRUE(Eventually([&] { return cancelled->load(); }));
    EXPECT_EQ(call->body(), "body") << "what a handler reads stays";
    call->Reply({});
  }
  HttpTestClient next(server->port());
  EXPECT_EQ(next.Get("/show").status, 200);
}

TEST(ClientsThatGo, AreNotHandledIfTheyWaited) {
  HttpTestServer server(WithoutHalfCloses());
  HttpTestClient blocks(server->port());
  blocks.Send("GET /block HTTP/1.1\r\nHost: t\r\n\r\n");
  const auto blocked = server.Take();
  {
    HttpTestClient waits(server->port());
    waits.Send("GET /show HTTP/1.1\r\nHost: t\r\n\r\n");
    EXPECT_TRUE(Eventually([&] { return server->waiting_calls() == 1; }));
  }
  EXPECT_TRUE(Eventually([&] { return server->waiting_calls() == 0; }));
  server.Unblock();
  blocked->Reply({});
  EXPECT_EQ(blocks.Read().status, 200);
  EXPECT_EQ(server.handled(), 1);
}

TEST(ClientsThatGo, AreThoseWhoEndTheirSideLater) {
  HttpServer::Options options;
  options.half_close_window = milliseconds(50);
  HttpTestServer server(options);
  HttpTestClient client(server->port());
  client.Send("GET /hold HTTP/1.1\r\nHost: t\r\n\r\n");
  const auto call = server.Take();
  std::this_thread::sleep_for(milliseconds(100));
  client.EndSending();
  EXPECT_TRUE(Eventually([&] { return call->cancelled()->load(); }));
  call->Reply({});
}

TEST(ClientsThatGo, AreNotThoseWhoEndTheirSideBehindTheRequest) {
  HttpServer::Options options;
  // However late the server gets to read the end.
  options.half_close_window = std::chrono::minutes(1);
  HttpTestServer server(options);
  HttpTestClient blocks(server->port());
  blocks.Send("GET /block HTTP/1.1\r\nHost: t\r\n\r\n");
  const auto blocked = server.Take();
  HttpTestClient waits(server->port());
  waits.Send("POST /echo HTTP/1.1\r\nHost: t\r\nContent-Length: 4\r\n\r\nbody");
  waits.EndSending();
  EXPECT_TRUE(Eventually([&] { return server->waiting_calls() == 1; }));
  std::this_thread::sleep_for(milliseconds(50));
  EXPECT_EQ(server->waiting_calls(), 1u) << "it must not be withdrawn";
  server.Unblock();
  blocked->Reply({});
  const auto response = waits.Read();
  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(response.body, "body");
  EXPECT_TRUE(waits.IsClosed());
}

TEST(ClientsThatGo, MayStillReadIfTheyOnlyEndTheirSide) {
  HttpTestServer server(WithoutHalfCloses());
  HttpTestClient client(server->port());
  client.Send("GET /hold HTTP/1.1\r\nHost: t\r\n\r\n");
  const auto call = server.Take();
  client.EndSending();
  EXPECT_TRUE(Eventually([&] { return call->cancelled()->load(); }));
  HttpResponse response;
  response.body = "for you";
  call->Reply(response);
  EXPECT_EQ(client.Read().body, "for you");
  EXPECT_TRUE(client.IsClosed());
}

TEST(ClientsThatGo, LeaveNothingInTheMiddleOfARequest) {
  HttpTestServer server;
  for (const std::string part :
       {"", "GET /sh", "POST /echo HTTP/1.1\r\nHost: t\r\nContent-Length: 10\r\n\r\nabc",
        "POST /echo HTTP/1.1\r\nHost: t\r\nExpect: 100-continue\r\nContent-Length: 10\r\n\r\n"}) {
    HttpTestClient client(server->port());
    client.Send(part);
  }
  EXPECT_TRUE(server->Shutdown(std::chrono::seconds(30)));
  EXPECT_EQ(server.handled(), 0);
}

}  // namespace
}  // namespace trilho

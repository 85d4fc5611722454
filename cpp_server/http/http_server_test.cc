// HTTP as clients see it: requests, responses, connections, planes, and what is refused.
// Bodies are in http_server_bodies_test.cc.

#include "cpp_server/http/http_server.h"

#include <chrono>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "cpp_server/http/http_test_client.h"
#include "cpp_server/http/http_test_server.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace trilho {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

TEST(HttpRequests, ComeToTheirHandlerAsSent) {
  HttpTestServer server;
  HttpTestClient client(server->port());
  const auto response = client.Post("/v1/a%20b/show?x=1&y=?", "body", "X-Test: value\r\n");
  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(response.body, "POST|/v1/a%20b/show|x=1&y=?|value|body");
  EXPECT_EQ(client.Get("/show").body, "GET|/show|||");
  EXPECT_EQ(client.Get("http://somewhere:80/show?q").body, "GET|/show|q||");
  EXPECT_EQ(client.Ask("BREW /show HTTP/1.1\r\nHost: t\r\n\r\n").body, "BREW|/show|||");
}

TEST(HttpRequests, KnowTheirPeerAndDeadline) {
  HttpTestServer server;
  HttpTestClient client(server->port());
  client.Send("GET /hold HTTP/1.1\r\nHost: t\r\n\r\n");
  const auto call = server.Take();
  EXPECT_THAT(call->peer(), testing::MatchesRegex("127\\.0\\.0\\.1:[0-9]+"));
  const auto left = call->deadline() - std::chrono::steady_clock::now();
  EXPECT_GT(left, std::chrono::seconds(20));
  EXPECT_LE(left, std::chrono::seconds(30));
  call->Reply({});
  EXPECT_EQ(client.Read().status, 200);
}

TEST(HttpResponses, HaveStatusHeadersAndBody) {
  HttpTestServer server;
  HttpTestClient client(server->port());
  const auto response = client.Post("/show", "");
  EXPECT_EQ(response.version, "HTTP/1.1");
  EXPECT_EQ(response.headers.at("content-type"), "text/plain");
  EXPECT_EQ(response.headers.at("x-reply"), "yes");
  EXPECT_THAT(response.headers.at("date"), testing::MatchesRegex("[A-Z][a-z]+, [0-9]+ [A-Z][a-z]+ 20.* GMT"));
  for (const char* absent : {"x-injected", "x-broken", "server", "connection", "access-control-allow-origin"}) {
    EXPECT_EQ(response.headers.count(absent), 0u) << absent;
  }
  EXPECT_EQ(client.Get("/nowhere").status, 404);
}

TEST(HttpResponses, ComeFromAnyThreadLater) {
  HttpTestServer server;
  HttpTestClient client(server->port());
  client.Send("GET /hold HTTP/1.1\r\nHost: t\r\n\r\n");
  std::thread answers([&] {
    HttpResponse response;
    response.status = 499;
    response.body = "later";
    server.Take()->Reply(response);
  });
  const auto response = client.Read();
  answers.join();
  EXPECT_EQ(response.status, 499);
  EXPECT_EQ(response.headers.at("content-type"), "application/json");
  EXPECT_EQ(response.body, "later");
}

TEST(HttpResponses, AreGivenForHandlersThatDoNotAnswer) {
  HttpTestServer server;
  HttpTestClient client(server->port());
  const auto response = client.Get("/drop");
  EXPECT_EQ(response.status, 500);
  EXPECT_EQ(response.body, "{\"error\": \"the request was not answered by its handler\"}");
  EXPECT_EQ(client.Get("/show").status, 200);
}

TEST(HttpResponses, MayBeLarge) {
  HttpTestServer server;
  HttpTestClient client(server->port());
  std::string body(20 << 20, 'x');
  body.front() = 'a';
  body.back() = 'z';
  const auto response = client.Post("/echo", body);
  EXPECT_EQ(response.status, 200);
  EXPECT_TRUE(response.body == body);
}

TEST(HttpResponses, HaveNoBodyForHead) {
  HttpTestServer server;
  HttpTestClient client(server->port());
  client.Send("HEAD /show HTTP/1.1\r\nHost: t\r\n\r\n");
  const auto response = client.Read(/*is_head=*/true);
  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(response.headers.at("content-length"), std::to_string(std::string("GET|/show|||").size()));
  // The next response begins where the head ended.
  EXPECT_EQ(client.Get("/show").body, "GET|/show|||");
}

TEST(HttpResponses, HaveCorsHeadersWhenAsked) {
  HttpServer::Options options;
  options.cors = true;
  HttpTestServer server(options);
  HttpTestClient client(server->port());
  const auto expect_cors = [](const ReceivedResponse& response) {
    ASSERT_EQ(response.headers.count("access-control-allow-origin"), 1u);
    EXPECT_EQ(response.headers.at("access-control-allow-origin"), "*");
    EXPECT_EQ(response.headers.at("access-control-allow-methods"), "GET, POST");
    EXPECT_EQ(response.headers.at("access-control-allow-headers"), "*, Authorization");
  };
  expect_cors(client.Get("/show"));
  // The front's own, too.
  expect_cors(client.Ask("not HTTP\r\n\r\n"));
}

TEST(HttpResponses, HaveNoCorsHeadersUnlessAsked) {
  HttpTestServer server;
  HttpTestClient client(server->port());
  for (const char* request :
       {"GET /show HTTP/1.1\r\nHost: t\r\nOrigin: https://example.org\r\n\r\n", "not HTTP\r\n\r\n"}) {
    for (const auto& header : client.Ask(request).headers) {
      EXPECT_FALSE(absl::StartsWith(header.first, "access-control-")) << header.first;
    }
  }
}

TEST(HttpConnections, AreKeptAlive) {
  HttpTestServer server;
  HttpTestClient client(server->port());
  for (int i = 0; i < 100; ++i) ASSERT_EQ(client.Post("/echo", std::to_string(i)).body, std::to_string(i));
  const auto last = client.Post("/echo", "last", "Connection: close\r\n");
  EXPECT_EQ(last.body, "last");
  EXPECT_EQ(last.headers.at("connection"), "close");
  EXPECT_TRUE(client.IsClosed());
}

TEST(HttpConnections, MayBeHttp10) {
  HttpTestServer server;
  {
    HttpTestClient client(server->port());
    const auto response = client.Ask("GET /show HTTP/1.0\r\n\r\n");
    EXPECT_EQ(response.version, "HTTP/1.0");
    EXPECT_EQ(response.body, "GET|/show|||");
    EXPECT_TRUE(client.IsClosed());
  }
  HttpTestClient client(server->port());
  for (int i = 0; i < 2; ++i) {
    const auto response = client.Ask("GET /show HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
    ASSERT_EQ(response.status, 200);
    EXPECT_EQ(response.headers.at("connection"), "keep-alive");
  }
}

TEST(HttpConnections, AnswerPipelinedRequestsInOrder) {
  HttpServer::Options options;
  options.data_threads = 4;
  HttpTestServer server(options);
  HttpTestClient client(server->port());
  std::string all;
  for (int i = 0; i < 1000; ++i) {
    const std::string body(static_cast<size_t>(i), 'x');
    all += absl::StrCat("POST /echo HTTP/1.1\r\nHost: t\r\nContent-Length: ", i, "\r\n\r\n", body);
  }
  std::thread sends([&] { client.Send(all); });
  for (size_t i = 0; i < 1000; ++i) ASSERT_EQ(client.Read().body.size(), i);
  sends.join();
}

TEST(HttpConnections, DoNotBeginThePipelinedRequestBeforeItsTurn) {
  HttpTestServer server;
  HttpTestClient client(server->port());
  client.Send("GET /hold HTTP/1.1\r\nHost: t\r\n\r\nGET /control/show HTTP/1.1\r\nHost: t\r\n\r\n");
  const auto call = server.Take();
  EXPECT_EQ(server.handled(), 1);
  EXPECT_FALSE(*call->cancelled());
  call->Reply({});
  EXPECT_EQ(client.Read().body, "");
  EXPECT_EQ(client.Read().body, "GET|/control/show|||");
}

TEST(HttpConnections, MayDeliverByteByByte) {
  HttpTestServer server;
  HttpTestClient client(server->port());
  const std::string request =
      "\r\nPOST /echo HTTP/1.1\r\nHost: t\r\nTransfer-Encoding: "
      "chunked\r\n\r\n3\r\nabc\r\n2;x=y\r\nde\r\n0\r\nTrailer: t\r\n\r\n";
  for (int i = 0; i < 2; ++i) {
    for (const char c : request) ASSERT_TRUE(client.Send(std::string(1, c)));
    EXPECT_EQ(client.Read().body, "abcde");
  }
}

TEST(HttpHeaders, AreBounded) {
  HttpTestServer server;
  const std::string begin = "GET /show HTTP/1.1\r\nHost: t\r\nX-Test: ";
  {
    HttpTestClient client(server->port());
    const auto response = client.Ask(begin + std::string(60000, 'x') + "\r\n\r\n");
    EXPECT_EQ(response.status, 200);
    EXPECT_EQ(response.body, "GET|/show||" + std::string(60000, 'x') + "|");
    EXPECT_EQ(client.Ask(begin + std::string(70000, 'x') + "\r\n\r\n").status, 431);
    EXPECT_TRUE(client.IsClosed());
  }
  // Without an end, in one line or many, in a target, behind a chunked body.
  for (const std::string& endless :
       {begin + std::string(1 << 20, 'x'), "GET /" + std::string(1 << 20, 'x'),
        "POST /echo HTTP/1.1\r\nHost: t\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nTrailer:" +
            std::string(1 << 20, 'x')}) {
    HttpTestClient client(server->port());
    EXPECT_EQ(client.Ask(endless).status, 431) << endless.substr(0, 60);
  }
}

TEST(HttpRequests, AreRefusedIfMalformed) {
  HttpTestServer server;
  for (const std::string request : {
           "\x16\x03\x01 what TLS says\r\n\r\n",
           "GET /\r\n\r\n",
           "GET / HTTP/2.0\r\n\r\n",
           "GET / HTTP/1.1\r\nHost: t\r\nno colon\r\n\r\n",
           "GET / HTTP/1.1\r\nHost: t\r\nName : with space\r\n\r\n",
           "GET / HTTP/1.1\r\n\r\n",
           "GET / HTTP/1.1\r\nHost: t\r\nHost: t\r\n\r\n",
           "GET / HTTP/1.0\r\nHost: t\r\nHost: u\r\n\r\n",
           "GET / HTTP/1.1\r\nHost: t\r\nX-Test: begins\r\n goes on\r\n\r\n",
           "GET / HTTP/1.1\r\nHost: t\r\nX-Test:\r\n\tgoes on\r\n\r\n",
           "POST / HTTP/1.1\r\nHost: t\r\nContent-Length: -1\r\n\r\n",
           "POST / HTTP/1.1\r\nHost: t\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
           "POST / HTTP/1.1\r\nHost: t\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
           "POST / HTTP/1.1\r\nHost: t\r\nTransfer-Encoding: chunked\r\n\r\nnot hex\r\n",
       }) {
    HttpTestClient client(server->port());
    const auto response = client.Ask(request);
    EXPECT_EQ(response.status, 400) << request;
    EXPECT_THAT(response.body, HasSubstr("{\"error\": \"the request is not valid HTTP: "));
    EXPECT_EQ(response.headers.at("connection"), "close");
    EXPECT_TRUE(client.IsClosed());
  }
  // Also if it comes byte by byte.
  HttpTestClient folds(server->port());
  for (const char c : std::string("GET / HTTP/1.1\r\nHost: t\r\nX-Test: begins\r\n goes on\r\n\r\n")) {
    ASSERT_TRUE(folds.Send(std::string(1, c)));
  }
  EXPECT_EQ(folds.Read().status, 400);
  // Bodies whose end is unknown, which could hide a request.
  for (const std::string coding : {"gzip", "gzip, chunked", "chunked, identity"}) {
    HttpTestClient client(server->port());
    EXPECT_EQ(client.Ask(absl::StrCat("POST / HTTP/1.1\r\nHost: t\r\nTransfer-Encoding: ", coding, "\r\n\r\n")).status,
              501);
    EXPECT_TRUE(client.IsClosed());
  }
  EXPECT_EQ(server.handled(), 0);
}

TEST(HttpPlanes, DoNotBlockEachOther) {
  HttpTestServer server;
  HttpTestClient data(server->port());
  data.Send("GET /block HTTP/1.1\r\nHost: t\r\n\r\n");
  const auto blocked = server.Take();
  HttpTestClient control(server->port());
  EXPECT_EQ(control.Get("/control/show").status, 200);
  // Data calls wait for the thread that is blocked.
  data.Send("");
  HttpTestClient waiting(server->port());
  waiting.Send("GET /show HTTP/1.1\r\nHost: t\r\n\r\n");
  EXPECT_TRUE(Eventually([&] { return server->waiting_calls() == 1; }));
  EXPECT_EQ(control.Get("/control/show").status, 200);
  server.Unblock();
  EXPECT_EQ(waiting.Read().status, 200);
  blocked->Reply({});
  EXPECT_EQ(data.Read().status, 200);
}

TEST(HttpPlanes, KeepAThreadForProbes) {
  HttpTestServer server;
  std::vector<std::unique_ptr<HttpTestClient>> clients;
  std::vector<std::shared_ptr<HttpCall>> blocked;
  const auto block = [&](const char* path) {
    clients.push_back(std::make_unique<HttpTestClient>(server->port()));
    clients.back()->Send(absl::StrCat("GET ", path, " HTTP/1.1\r\nHost: t\r\n\r\n"));
    blocked.push_back(server.Take());
  };
  for (const char* path : {"/block", "/control/block", "/control/block"}) block(path);
  HttpTestClient probe(server->port());
  EXPECT_EQ(probe.Get("/probe/show").status, 200);
  // Nor does whoever asks for readiness hold up those who ask whether the server lives.
  block("/probe/block");
  EXPECT_EQ(probe.Get("/instant/show").status, 200);
  server.Unblock();
  for (const auto& call : blocked) call->Reply({});
}

TEST(HttpPlanes, RefuseCallsBeyondTheirQueue) {
  HttpServer::Options options;
  options.max_queued_data_calls = 2;
  options.half_close_window = std::chrono::milliseconds(0);
  HttpTestServer server(options);
  HttpTestClient blocks(server->port());
  blocks.Send("GET /block HTTP/1.1\r\nHost: t\r\n\r\n");
  const auto blocked = server.Take();
  HttpTestClient one(server->port());
  one.Send("GET /show HTTP/1.1\r\nHost: t\r\n\r\n");
  HttpTestClient two(server->port());
  two.Send("GET /show HTTP/1.1\r\nHost: t\r\n\r\n");
  EXPECT_TRUE(Eventually([&] { return server->waiting_calls() == 2; }));
  HttpTestClient three(server->port());
  const auto refused = three.Get("/show");
  EXPECT_EQ(refused.status, 429);
  EXPECT_EQ(refused.body, "{\"error\": \"the server is overloaded: 2 calls wait already (--max_queued_requests=2)\"}");
  EXPECT_EQ(three.Get("/control/show").status, 200) << "the control plane has a queue of its own";
  // Who goes makes room.
  one.Close();
  EXPECT_TRUE(Eventually([&] { return server->waiting_calls() == 1; }));
  EXPECT_THAT(server.refused(), ElementsAre("RESOURCE_EXHAUSTED /show", "CANCELLED /show"));
  three.Send("GET /show HTTP/1.1\r\nHost: t\r\n\r\n");
  EXPECT_TRUE(Eventually([&] { return server->waiting_calls() == 2; }));
  server.Unblock();
  EXPECT_EQ(two.Read().status, 200);
  EXPECT_EQ(three.Read().status, 200);
  blocked->Reply({});
}

TEST(HttpRefusals, AreToldOfRequestsWhoseFirstLineHadCome) {
  HttpServer::Options options;
  options.max_body_bytes = 10;
  HttpTestServer server(options);
  HttpTestClient large(server->port());
  large.Send("POST /large HTTP/1.1\r\nHost: t\r\nContent-Length: 11\r\n\r\n");
  EXPECT_EQ(large.Read().status, 413);
  HttpTestClient packed(server->port());
  packed.Send("POST /packed HTTP/1.1\r\nHost: t\r\nContent-Encoding: br\r\nContent-Length: 1\r\n\r\nx");
  EXPECT_EQ(packed.Read().status, 415);
  HttpTestClient senseless(server->port());
  senseless.Send("POST /senseless\r\n\r\n");
  EXPECT_EQ(senseless.Read().status, 400);
  EXPECT_THAT(server.refused(), ElementsAre("RESOURCE_EXHAUSTED /large", "INVALID_ARGUMENT /packed"));
}

TEST(HttpRefusals, AreToldOfACallerThatLeavesInItsBody) {
  HttpTestServer server;
  HttpTestClient(server->port()).Send("POST /half HTTP/1.1\r\nHost: t\r\nContent-Length: 11\r\n\r\nabc");
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::minutes(1);
  while (server.refused().empty() && std::chrono::steady_clock::now() < deadline) std::this_thread::yield();
  EXPECT_THAT(server.refused(), ElementsAre("CANCELLED /half"));
}

TEST(HttpRefusals, SayThatTheDeadlinePassedBeforeAThreadWasFree) {
  HttpServer::Options options;
  options.request_timeout = std::chrono::milliseconds(100);
  HttpTestServer server(options);
  HttpTestClient blocks(server->port());
  blocks.Send("GET /block HTTP/1.1\r\nHost: t\r\n\r\n");
  const auto blocked = server.Take();
  HttpTestClient waits(server->port());
  EXPECT_EQ(waits.Get("/show").status, 504);
  EXPECT_THAT(server.refused(), ElementsAre("DEADLINE_EXCEEDED /show"));
  server.Unblock();
  blocked->Reply({});
}

}  // namespace
}  // namespace trilho

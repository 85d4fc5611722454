// Bodies of requests: how they may come, and what bounds them.

#include <chrono>
#include <memory>
#include <string>

#include "cpp_server/http/gzip_for_test.h"
#include "cpp_server/http/http_server.h"
#include "cpp_server/http/http_test_client.h"
#include "cpp_server/http/http_test_server.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace trilho {
namespace {

using ::testing::AllOf;
using ::testing::Each;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

TEST(HttpBodies, MayBeChunked) {
  HttpTestServer server;
  HttpTestClient client(server->port());
  std::string request = "POST /echo HTTP/1.1\r\nHost: t\r\nTransfer-Encoding: chunked\r\n\r\n";
  for (int i = 0; i < 1000; ++i) request += absl::StrCat("7d0\r\n", std::string(2000, 'x'), "\r\n");
  EXPECT_EQ(client.Ask(request + "0\r\n\r\n").body.size(), 2000000u);
  EXPECT_EQ(client.Get("/show").status, 200);
}

TEST(HttpBodies, BringNoHeaderFieldsBehindThem) {
  HttpTestServer server;
  HttpTestClient client(server->port());
  const std::string begin = "POST /show HTTP/1.1\r\nHost: t\r\nTransfer-Encoding: chunked\r\n";
  const std::string body = "\r\n3\r\nabc\r\n0\r\n";
  EXPECT_THAT(client.Ask(begin + "X-Test: sent\r\n" + body + "\r\n").body, HasSubstr("sent"));
  EXPECT_THAT(client.Ask(begin + body + "X-Test: smuggled\r\n\r\n").body, Not(HasSubstr("smuggled")));
  EXPECT_THAT(client.Ask(begin + "X-Test: sent\r\n" + body + "X-Test: smuggled\r\n\r\n").body,
              AllOf(HasSubstr("sent"), Not(HasSubstr("smuggled"))));
}

TEST(HttpBodies, AreAskedForWhenTheClientWantsThat) {
  HttpTestServer server;
  HttpTestClient client(server->port());
  for (int i = 0; i < 2; ++i) {
    EXPECT_EQ(client.Ask("POST /echo HTTP/1.1\r\nHost: t\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\n").status,
              100);
    EXPECT_EQ(client.Ask("abc").body, "abc");
  }
  EXPECT_EQ(client.Ask("POST /echo HTTP/1.1\r\nHost: t\r\nExpect: a miracle\r\nContent-Length: 3\r\n\r\n").status, 417);
}

TEST(HttpBodies, AreNotAskedForIfTooLarge) {
  HttpServer::Options options;
  options.max_body_bytes = 10;
  HttpTestServer server(options);
  HttpTestClient client(server->port());
  const auto response =
      client.Ask("POST /echo HTTP/1.1\r\nHost: t\r\nExpect: 100-continue\r\nContent-Length: 11\r\n\r\n");
  EXPECT_EQ(response.status, 413);
  EXPECT_EQ(response.body, "{\"error\": \"the request's body is larger than 10 bytes\"}");
}

TEST(HttpBodies, MayBeCompressed) {
  HttpTestServer server;
  HttpTestClient client(server->port());
  const std::string body(100000, 'x');
  EXPECT_EQ(client.Post("/echo", Gzip(body), "Content-Encoding: gzip\r\n").body, body);
  EXPECT_EQ(client.Post("/echo", Gzip(body), "Content-Encoding: X-GZIP, identity\r\n").body, body);
  EXPECT_EQ(client.Post("/echo", "as it is", "Content-Encoding: identity\r\n").body, "as it is");
  const auto malformed = client.Post("/echo", "as it is", "Content-Encoding: gzip\r\n");
  EXPECT_EQ(malformed.status, 400);
  EXPECT_THAT(malformed.body, HasSubstr("{\"error\": \"the body is not valid gzip"));
  for (const std::string coding : {"br", "deflate"}) {
    const auto unknown = client.Post("/echo", "as it is", "Content-Encoding: " + coding + "\r\n");
    EXPECT_EQ(unknown.status, 415);
    EXPECT_EQ(unknown.body, "{\"error\": \"Content-Encoding: " + coding + " is not supported, only gzip is\"}");
    EXPECT_EQ(unknown.headers.at("accept-encoding"), "gzip");
  }
  EXPECT_EQ(client.Get("/show").status, 200) << "the connection lives on";
}

TEST(HttpBodies, AreNotReadForWhoeverIsNotAdmitted) {
  HttpServer::Options options;
  options.memory = std::make_shared<RequestMemory>(100000);
  HttpTestServer server(options);
  for (const char* framing : {"Content-Length: 1000000", "Transfer-Encoding: chunked", "Expect: 100-continue"}) {
    HttpTestClient client(server->port());
    client.Send(absl::StrCat("POST /refused HTTP/1.1\r\nHost: t\r\n", framing, "\r\n"));
    // The first that is answered, without a byte of the body.
    client.Send(absl::StartsWith(framing, "Expect") ? "Content-Length: 1000000\r\n\r\n" : "\r\n");
    const auto refused = client.Read();
    EXPECT_EQ(refused.status, 401);
    EXPECT_EQ(refused.body, "{\"error\": \"no token\"}");
    EXPECT_EQ(refused.headers.at("www-authenticate"), "Bearer");
    EXPECT_EQ(refused.headers.at("connection"), "close");
    EXPECT_TRUE(client.IsClosed());
  }
  // Whoever sends on reads the answer all the same.
  HttpTestClient sends(server->port());
  EXPECT_EQ(sends.Post("/refused", std::string(5 << 20, 'x')).status, 401);
  EXPECT_EQ(options.memory->used(), 0);
  EXPECT_EQ(server.handled(), 0);
  EXPECT_THAT(server.refused(), Each("UNAUTHENTICATED /refused"));
  // A request that had come as a whole costs its connection nothing.
  HttpTestClient client(server->port());
  EXPECT_EQ(client.Get("/refused").status, 401);
  EXPECT_EQ(client.Get("/show").status, 200);
}

TEST(HttpBodies, AreNotWaitedForWhereNobodyLooksAtThem) {
  HttpServer::Options options;
  options.memory = std::make_shared<RequestMemory>(100000);
  options.progress_timeout = std::chrono::hours(1);
  HttpTestServer server(options);
  for (const char* framing : {"Content-Length: 1000000", "Transfer-Encoding: chunked"}) {
    HttpTestClient client(server->port());
    const auto response = client.Ask(absl::StrCat("POST /bare HTTP/1.1\r\nHost: t\r\n", framing, "\r\n\r\nbegin"));
    EXPECT_EQ(response.status, 200);
    EXPECT_EQ(response.body, "");
    EXPECT_EQ(response.headers.at("connection"), "close");
    EXPECT_TRUE(client.IsClosed());
  }
  HttpTestClient sends(server->port());
  EXPECT_EQ(sends.Post("/bare", std::string(5 << 20, 'x')).status, 200);
  // A body in no coding that we know is none of our business there.
  HttpTestClient client(server->port());
  EXPECT_EQ(client.Post("/bare", "x", "Content-Encoding: br\r\n").status, 200);
  EXPECT_EQ(options.memory->used(), 0);
  EXPECT_THAT(server.refused(), IsEmpty());
}

TEST(HttpBodies, AreBounded) {
  HttpServer::Options options;
  options.max_body_bytes = 100000;
  HttpTestServer server(options);
  const std::string fits(100000, 'x');
  const std::string too_large(100001, 'x');
  {
    HttpTestClient client(server->port());
    EXPECT_EQ(client.Post("/echo", fits).body, fits);
    EXPECT_EQ(client.Post("/echo", Gzip(fits), "Content-Encoding: gzip\r\n").body, fits);
    const auto bomb = client.Post("/echo", Gzip(too_large), "Content-Encoding: gzip\r\n");
    EXPECT_EQ(bomb.status, 413);
    EXPECT_THAT(bomb.body, HasSubstr("100000 bytes once it is decompressed"));
    EXPECT_EQ(client.Post("/echo", too_large).status, 413);
    EXPECT_TRUE(client.IsClosed());
  }
  HttpTestClient client(server->port());
  const std::string chunk = absl::StrCat("2710\r\n", std::string(10000, 'x'), "\r\n");
  client.Send("POST /echo HTTP/1.1\r\nHost: t\r\nTransfer-Encoding: chunked\r\n\r\n");
  for (int i = 0; i < 11; ++i) client.Send(chunk);
  EXPECT_EQ(client.Read().status, 413);
  EXPECT_EQ(server.handled(), 2) << "no handler sees what is refused";
}

TEST(HttpBodies, AreRefusedSoThatAClientThatSendsOnReadsIt) {
  HttpServer::Options options;
  options.max_body_bytes = 10;
  HttpTestServer server(options);
  for (int i = 0; i < 20; ++i) {
    HttpTestClient client(server->port());
    ASSERT_EQ(client.Post("/echo", std::string(5 << 20, 'x')).status, 413);
  }
}

}  // namespace
}  // namespace trilho

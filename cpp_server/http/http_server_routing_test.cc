// The way of a request from the wire to its endpoint.

#include <atomic>
#include <memory>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "cpp_server/http/http_server.h"
#include "cpp_server/http/http_test_client.h"
#include "gtest/gtest.h"

namespace trilho {
namespace {

// Counts how often a request is matched, handled and told of as refused; handles every other call once more.
struct Counting {
  HttpRouter Router() {
    HttpRoute all;
    all.is_prefix = true;
    all.find = [this](const HttpRequestHead&) {
      ++matched;
      HttpEndpoint endpoint;
      endpoint.plane = Plane::kData;
      endpoint.takes_body = true;
      endpoint.handle = [this](const std::shared_ptr<HttpCall>& call) {
        if (++handled % 2 == 1) return call->HandleAgain();
        HttpResponse response;
        response.body = std::string(call->body());
        call->Reply(std::move(response));
      };
      endpoint.refused = [this](const HttpCall&, const absl::Status&) { ++refused; };
      return Share(std::move(endpoint));
    };
    return HttpRouter({std::move(all)});
  }

  std::atomic<int> matched{0}, handled{0}, refused{0};
};

TEST(HttpRouting, ARequestIsMatchedOnceAndKeepsItsEndpointToItsEnd) {
  Counting counting;
  HttpServer::Options options;
  options.address = "127.0.0.1";
  options.max_body_bytes = 10;
  const auto server = HttpServer::Start(options, counting.Router());
  ASSERT_TRUE(server.ok()) << server.status();
  HttpTestClient client((*server)->port());
  EXPECT_EQ(client.Post("/a", "body").body, "body");
  EXPECT_EQ(counting.matched, 1);
  EXPECT_EQ(counting.handled, 2) << "and once more";
  EXPECT_EQ(client.Post("/a", "a body that is too large").status, 413);
  EXPECT_EQ(counting.matched, 2);
  EXPECT_EQ(counting.refused, 1);
  // Its header has not come to its end, so that nothing has matched it yet.
  HttpTestClient other((*server)->port());
  EXPECT_EQ(other.Ask(absl::StrCat("GET / HTTP/1.1\r\nHost: t\r\nX-Long: ", std::string(70000, 'x'))).status, 431);
  EXPECT_EQ(counting.matched, 3);
  EXPECT_EQ(counting.refused, 2);
}

}  // namespace
}  // namespace trilho

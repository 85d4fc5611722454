// What the HTTP ports of a whole server tell whom.

#include "cpp_server/server/http_routes.h"

#include <chrono>
#include <string>
#include <utility>

#include "cpp_server/http/fake_http_call.h"
#include "cpp_server/http/http_router.h"
#include "cpp_server/http/http_test_client.h"
#include "cpp_server/server/model_server_fixture.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace trilho {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

class HttpRoutesTest : public ModelServerFixture {
 protected:
  // Of three models one that has no version.
  ModelServer::Options ThreeModels() {
    Publish("a", 1);
    Publish("b", 1);
    ModelServer::Options options = OptionsFor({"a", "b", "missing"});
    options.http.emplace();
    return options;
  }

  ModelServer::Options WithTokens(ModelServer::Options options) {
    folder_.Write("tokens", "secret\n");
    options.auth_token_file = folder_.Path("tokens");
    return options;
  }

  static ReceivedResponse Get(int port, const std::string& path, bool with_token = false) {
    HttpTestClient client(port);
    return client.Ask("GET " + path + " HTTP/1.1\r\nHost: test\r\n" +
                      (with_token ? "Authorization: Bearer secret\r\n" : "") + "\r\n");
  }

  static int Head(int port, const std::string& path) {
    HttpTestClient client(port);
    client.Send("HEAD " + path + " HTTP/1.1\r\nHost: test\r\n\r\n");
    return client.Read(/*is_head=*/true).status;
  }
};

constexpr char kShort[] = "not ready: 1 of 3 models without an available version\n";

TEST_F(HttpRoutesTest, ReadinessHasItsReasonsWhereEverybodyMayHaveThem) {
  const auto server = Started(ThreeModels());
  ASSERT_NE(server, nullptr);
  const ReceivedResponse ready = Get(server->http_port(), "/readyz");
  EXPECT_EQ(ready.status, 503);
  EXPECT_THAT(ready.body, AllOf(HasSubstr("missing"), HasSubstr(folder_.Path("a"))));
}

TEST_F(HttpRoutesTest, ReadinessIsShortWhereTokensAreWanted) {
  const auto server = Started(WithTokens(ThreeModels()));
  ASSERT_NE(server, nullptr);
  for (const bool with_token : {false, true}) {
    const ReceivedResponse ready = Get(server->http_port(), "/readyz", with_token);
    EXPECT_EQ(ready.status, 503);
    EXPECT_EQ(ready.body, kShort);
  }
  EXPECT_EQ(Get(server->http_port(), "/readyz/a").status, 200);
  EXPECT_EQ(Get(server->http_port(), "/readyz/a").body, "ready\n");
  EXPECT_EQ(Get(server->http_port(), "/readyz/missing").status, 503);
  EXPECT_EQ(Get(server->http_port(), "/readyz/nobody").status, 404);
  // The reasons are for those who have one.
  EXPECT_EQ(Get(server->http_port(), "/v1/models").status, 401);
  EXPECT_THAT(Get(server->http_port(), "/v1/models", true).body,
              AllOf(HasSubstr("missing"), HasSubstr(folder_.Path("a"))));
}

TEST_F(HttpRoutesTest, ReadinessCountsOneModelAsOne) {
  ModelServer::Options options = OptionsFor({"missing"});
  options.http.emplace();
  const auto server = Started(WithTokens(options));
  ASSERT_NE(server, nullptr);
  EXPECT_EQ(Get(server->http_port(), "/readyz").body, "not ready: 1 of 1 model without an available version\n");
}

TEST_F(HttpRoutesTest, WhetherTheServerLivesWaitsForNobodyWhoAsksForMore) {
  const HttpRouter router = RouterOf(HttpRoutes());
  EXPECT_EQ(Match(router, "GET", "/healthz")->plane, Plane::kInstant);
  for (const char* path : {"/readyz", "/readyz/a"}) {
    EXPECT_EQ(Match(router, "GET", path)->plane, Plane::kProbe) << path;
    for (const char* method : {"GET", "POST"}) EXPECT_TRUE(Match(router, method, path)->is_open) << path;
  }
  EXPECT_EQ(Match(router, "GET", "/v1/models")->plane, Plane::kControl);
}

TEST_F(HttpRoutesTest, TheFirstRouteOfAPathTakesIt) {
  const auto server = Started(ThreeModels());
  ASSERT_NE(server, nullptr);
  const int port = server->http_port();
  EXPECT_THAT(Get(port, "/v1/models").body, HasSubstr("\"generation\"")) << "not TF Serving's";
  EXPECT_THAT(Get(port, "/v1/models?x=1").body, HasSubstr("Malformed request: GET /v1/models?x=1"));
  EXPECT_THAT(HttpTestClient(port).Post("/v1/models", "").body, HasSubstr("Malformed request: POST /v1/models"));
  EXPECT_EQ(Get(port, "/v1/contracts").body, R"({"contracts":[]})") << "not a model";
  EXPECT_THAT(Get(port, "/v1/contractsx").body, HasSubstr("Malformed request: GET /v1/contractsx"));
  EXPECT_THAT(Get(port, "/nowhere").body, HasSubstr("there is nothing at /nowhere; there are /, /v1/models, "));
  const ReceivedResponse posted = HttpTestClient(port).Post("/nowhere", "");
  EXPECT_EQ(posted.status, 405);
  EXPECT_EQ(posted.body, R"({"error": "405: use GET for /nowhere"})");
}

TEST_F(HttpRoutesTest, ReadinessIsShortBesideAPortForManagement) {
  ModelServer::Options options = ThreeModels();
  options.management.emplace();
  const auto server = Started(options);
  ASSERT_NE(server, nullptr);
  EXPECT_EQ(Get(server->http_port(), "/readyz").body, kShort);
  const ReceivedResponse managed = Get(server->management_port(), "/readyz");
  EXPECT_EQ(managed.status, 503);
  EXPECT_THAT(managed.body, HasSubstr(folder_.Path("a")));
}

TEST_F(HttpRoutesTest, ManagementAnswersToItsOwnSiteOnly) {
  ModelServer::Options options = ThreeModels();
  options.management.emplace();
  options.allowed_hosts = {"trilho.internal"};
  const auto server = Started(options);
  ASSERT_NE(server, nullptr);
  const auto ask = [&](const std::string& headers) {
    HttpTestClient client(server->management_port());
    return client.Ask("POST /v1/management/ListModels HTTP/1.1\r\n" + headers + "Content-Length: 0\r\n\r\n");
  };
  EXPECT_EQ(ask("Host: 127.0.0.1\r\n").status, 200);
  EXPECT_EQ(ask("Host: trilho.internal:8502\r\nOrigin: http://trilho.internal:8502\r\n").status, 200);
  const ReceivedResponse rebound = ask("Host: rebound.example\r\nOrigin: http://rebound.example\r\n");
  EXPECT_EQ(rebound.status, 403);
  EXPECT_THAT(rebound.body, HasSubstr("--allowed_hosts"));
  EXPECT_EQ(ask("Host: 127.0.0.1\r\nOrigin: http://other.example\r\n").status, 403);
  // What only tells how it is may be asked under any name, e.g. of a scraper.
  HttpTestClient scraper(server->management_port());
  EXPECT_EQ(scraper.Ask("GET /metrics HTTP/1.1\r\nHost: rebound.example\r\n\r\n").status, 200);
}

TEST_F(HttpRoutesTest, ABodyIsNotReadWithoutATokenOrWhereItIsNotLookedAt) {
  const auto server = Started(WithTokens(ThreeModels()));
  ASSERT_NE(server, nullptr);
  // The first hundred bytes of a megabyte: whoever answered after the body would wait for it.
  const auto begin = [&](const std::string& request, bool with_token) {
    HttpTestClient client(server->http_port());
    return client
        .Ask(request + " HTTP/1.1\r\nHost: test\r\n" + (with_token ? "Authorization: Bearer secret\r\n" : "") +
             "Content-Length: 1000000\r\n\r\n" + std::string(100, ' '))
        .status;
  };
  for (const char* request : {"POST /v1/models/a:predict", "POST /v2/models/a/infer", "POST /v1/contracts/s.S/M",
                              "POST /no/such/path", "PUT /v1/models/a:predict"}) {
    EXPECT_EQ(begin(request, false), 401) << request;
  }
  for (const auto& [request, status] : {std::pair<const char*, int>{"POST /no/such/path", 405},
                                        {"GET /healthz", 200},
                                        {"POST /healthz", 405},
                                        {"PUT /v1/models/a:predict", 400},
                                        {"POST /v1/models/a:prophesy", 400},
                                        {"POST /v1/contracts/s.S/M", 404},
                                        {"POST /v2/models/a", 405},
                                        {"GET /v1/models/a", 200},
                                        {"POST /v1/management/ListModels", 400}}) {
    EXPECT_EQ(begin(request, true), status) << request;
  }
}

TEST_F(HttpRoutesTest, ProbesOfModelsNeedNoToken) {
  const auto server = Started(WithTokens(ThreeModels()));
  ASSERT_NE(server, nullptr);
  const int port = server->http_port();
  EXPECT_EQ(Get(port, "/v2/models/a/ready").body, "{\"ready\":true}");
  EXPECT_EQ(Get(port, "/v2/models/a/versions/2/ready").body, "{\"ready\":false}");
  EXPECT_EQ(Get(port, "/v2/models/missing/ready").body, "{\"ready\":false}");
  // Some balancers ask for the head only.
  EXPECT_EQ(Head(port, "/v2/models/a/ready"), 200);
  EXPECT_EQ(Head(port, "/v2/health/live"), 200);
  EXPECT_EQ(Head(port, "/v2/health/ready"), 503);
  EXPECT_EQ(Head(port, "/readyz/a"), 200);
  EXPECT_EQ(Head(port, "/v2/models/a"), 401);
  for (const char* path : {"/v2/models/a", "/v2/models/ready", "/v2/models/a/versions/ready", "/v1/models/a"}) {
    EXPECT_EQ(Get(port, path).status, 401) << path;
  }
  // Only to ask it: nobody reads a body for whoever has no token.
  HttpTestClient client(port);
  EXPECT_EQ(client.Post("/v2/models/a/ready", "no gzip", "Content-Encoding: gzip\r\n").status, 401);
}

TEST_F(HttpRoutesTest, PortsAreOpenWhileModelsLoad) {
  Publish("m", 1);
  // Its files are too young to be taken as complete, and the next look is far away: the start must wait.
  folder_.Remove("m/1/_SUCCESS");
  ModelServer::Options options = OptionsFor({"m"});
  options.watch.poll_wait = std::chrono::hours(1);
  options.first_loads.max_wait = std::chrono::milliseconds(0);
  options.http.emplace();
  const auto server = ModelServer::Start(options);
  ASSERT_TRUE(server.ok()) << server.status();
  const int port = (*server)->http_port();
  int asked = 0;
  const absl::Status loaded = (*server)->WaitUntilLoaded([&] {
    EXPECT_EQ(Get(port, "/healthz").status, 200);
    EXPECT_EQ(Get(port, "/readyz").status, 503);
    EXPECT_EQ(Get(port, "/v2/health/ready").status, 503);
    EXPECT_EQ(Get(port, "/v1/models").status, 200);
    HttpTestClient client(port);
    const std::pair<const char*, const char*> calls[] = {
        {"/v1/models/m:predict", R"({"instances": [4]})"},
        {"/v2/models/m/infer", R"({"inputs": [{"name": "x", "shape": [1], "datatype": "FP32", "data": [4]}]})"},
    };
    for (const auto& [path, body] : calls) {
      const ReceivedResponse response = client.Post(path, body);
      EXPECT_EQ(response.status, 503) << path;
      EXPECT_EQ(response.body, R"({"error": "the server is still loading the model \"m\""})");
    }
    return ++asked == 2;
  });
  EXPECT_EQ(loaded.code(), absl::StatusCode::kCancelled);
  EXPECT_EQ(asked, 2);
}

TEST_F(HttpRoutesTest, APortInUseIsFoundBeforeAnyModelIsLoaded) {
  const auto first = Started(ThreeModels());
  ASSERT_NE(first, nullptr);
  ModelServer::Options options = OptionsFor({"a"});
  options.http.emplace();
  options.http->port = first->http_port();
  EXPECT_EQ(ModelServer::Start(options).status().code(), absl::StatusCode::kUnavailable);
}

}  // namespace
}  // namespace trilho

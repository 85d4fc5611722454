// How a request finds its endpoint, and who may ask it.

#include "cpp_server/http/http_router.h"

#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "cpp_server/http/fake_http_call.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace trilho {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Pair;

// Answers with `name`.
HttpEndpoint Named(const std::string& name) {
  HttpEndpoint endpoint;
  endpoint.handle = [name](const std::shared_ptr<HttpCall>& call) {
    HttpResponse response;
    response.body = name;
    call->Reply(std::move(response));
  };
  return endpoint;
}

HttpRoute Exact(const std::string& path, const std::string& name) {
  HttpRoute route;
  route.path = path;
  route.find = [endpoint = Share(Named(name))](const HttpRequestHead&) { return endpoint; };
  return route;
}

HttpRoute Below(const std::string& prefix, const std::string& name) {
  HttpRoute route = Exact(prefix, name);
  route.is_prefix = true;
  return route;
}

// Takes POST only.
HttpRoute Posts(const std::string& path, const std::string& name) {
  HttpRoute route = Exact(path, name);
  route.find = [endpoint = Share(Named(name))](const HttpRequestHead& head) {
    return head.method() == "POST" ? endpoint : nullptr;
  };
  return route;
}

absl::Status NeedsToken(const HttpRequestHead& head) {
  return head.header("Authorization") == "Bearer secret" ? absl::OkStatus() : absl::UnauthenticatedError("no token");
}

TEST(HttpRouterOrder, TheFirstRouteThatHasThePathAnswers) {
  const HttpRouter router({Exact("/a/b", "exact"), Below("/a/", "below"), Exact("/a/c", "too late"), Below("", "all")});
  EXPECT_EQ(Answer(router, "GET", "/a/b").body, "exact");
  EXPECT_EQ(Answer(router, "GET", "/a/b/").body, "below");
  EXPECT_EQ(Answer(router, "GET", "/a/").body, "below");
  EXPECT_EQ(Answer(router, "GET", "/a/c").body, "below");
  EXPECT_EQ(Answer(router, "GET", "/a").body, "all");
  EXPECT_EQ(Answer(router, "GET", "").body, "all");
}

TEST(HttpRouterOrder, ThePathIsMatchedAsSentWithoutItsQuery) {
  const HttpRouter router({Exact("/a", "a")});
  EXPECT_EQ(Answer(router, "GET", "/a?b=c").body, "a");
  EXPECT_EQ(Answer(router, "GET", "/%61").status, 404);
  EXPECT_EQ(Answer(router, "GET", "/A").status, 404);
}

TEST(HttpRouterOrder, ARouteMayLeaveARequestToThoseBehindIt) {
  const HttpRouter router({Posts("/a", "posted"), Below("/", "all")});
  EXPECT_EQ(Answer(router, "POST", "/a").body, "posted");
  EXPECT_EQ(Answer(router, "GET", "/a").body, "all");
}

TEST(HttpRouterOrder, WhereThereIsNoRouteThereIsNothing) {
  const HttpRouter router({Exact("/a", "a")});
  const HttpResponse response = Answer(router, "POST", "/b");
  EXPECT_EQ(response.status, 404);
  EXPECT_EQ(response.body, R"({"error": "there is nothing at /b"})");
  EXPECT_EQ(Match(router, "POST", "/b")->plane, Plane::kControl);
  EXPECT_FALSE(Match(router, "POST", "/b")->takes_body);
  EXPECT_FALSE(Match(router, "POST", "/b")->is_open) << "only those with a token learn what there is";
}

TEST(HttpRouterTokens, EveryEndpointThatIsNotOpenNeedsOne) {
  HttpEndpoint open = Named("open");
  open.is_open = true;
  const HttpRouter router({GetRoute("/open", open), Exact("/closed", "closed")}, NeedsToken);
  const auto admitted = [&router](const std::string& method, const std::string& path, const std::string& token) {
    const FakeHttpCall call(method, path, "", {{"Authorization", token}});
    return router.Admit(*router.Match(call), call);
  };
  EXPECT_TRUE(admitted("GET", "/open", "").ok());
  EXPECT_TRUE(admitted("POST", "/open", "").ok()) << "to be told to use GET";
  EXPECT_EQ(admitted("GET", "/closed", ""), absl::UnauthenticatedError("no token"));
  EXPECT_EQ(admitted("GET", "/nowhere", ""), absl::UnauthenticatedError("no token"));
  EXPECT_TRUE(admitted("GET", "/closed", "Bearer secret").ok());
  EXPECT_TRUE(admitted("OPTIONS", "/closed", "").ok()) << "a browser asks first, without it";
}

TEST(HttpRouterTokens, WithoutAnAuthorizerNobodyNeedsOne) {
  const HttpRouter router({Exact("/closed", "closed")});
  const FakeHttpCall call("POST", "/closed");
  EXPECT_TRUE(router.Admit(*router.Match(call), call).ok());
}

TEST(HttpRouterTokens, WhatAnEndpointItselfRefusesNoTokenAdmits) {
  HttpEndpoint strict = Named("strict");
  strict.is_open = true;
  strict.admit = [](const HttpRequestHead& head) {
    return head.header("Host") == "here" ? absl::OkStatus() : absl::PermissionDeniedError("from elsewhere");
  };
  const HttpRouter router({GetRoute("/strict", strict)}, NeedsToken);
  const auto admitted = [&router](const std::string& method, const std::string& host) {
    const FakeHttpCall call(method, "/strict", "", {{"Host", host}, {"Authorization", "Bearer secret"}});
    return router.Admit(*router.Match(call), call);
  };
  EXPECT_TRUE(admitted("GET", "here").ok());
  EXPECT_EQ(admitted("GET", "elsewhere"), absl::PermissionDeniedError("from elsewhere"));
}

TEST(HttpRouterPreflight, ARouteForPagesOfOtherSitesAnswersTheBrowserThatAsksFirst) {
  HttpRoute route = Below("/a", "a");
  route.answers_preflight = true;
  const HttpRouter router({route, Below("/", "all")});
  const HttpResponse asked = Answer(router, "OPTIONS", "/a/b", "", {{"Origin", "https://example.org"}});
  EXPECT_EQ(asked.status, 200);
  EXPECT_EQ(asked.body, "");
  const HttpResponse without = Answer(router, "OPTIONS", "/a/b");
  EXPECT_EQ(without.status, 400);
  EXPECT_EQ(without.body, R"({"error": "OPTIONS needs the header Origin"})");
  EXPECT_EQ(Match(router, "OPTIONS", "/a/b")->plane, Plane::kControl);
  EXPECT_EQ(Answer(router, "OPTIONS", "/b").body, "all") << "which has an answer of its own";
}

TEST(HttpEndpoints, AnyMethodButTheOneIsNotAllowed) {
  HttpEndpoint probe = Named("well");
  probe.plane = Plane::kProbe;
  probe.is_open = true;
  const HttpRouter router({GetRoute("/probe", probe)});
  for (const char* const method : {"GET", "HEAD"}) EXPECT_EQ(Answer(router, method, "/probe").body, "well");
  for (const char* const method : {"POST", "PUT", "DELETE", "OPTIONS"}) {
    const HttpResponse response = Answer(router, method, "/probe");
    EXPECT_EQ(response.status, 405) << method;
    EXPECT_EQ(response.body, R"({"error": "405: use GET for /probe"})");
    EXPECT_THAT(response.headers, ElementsAre(Pair("Allow", "GET, HEAD")));
  }
  const SharedEndpoint refusal = Match(router, "POST", "/probe");
  EXPECT_EQ(refusal->plane, Plane::kProbe) << "as the endpoint itself";
  EXPECT_TRUE(refusal->is_open);
  EXPECT_FALSE(refusal->takes_body);

  const auto call = std::make_shared<FakeHttpCall>("GET", "/run");
  NotAllowed(Plane::kControl, "POST").handle(call);
  EXPECT_EQ(call->response().body, R"({"error": "405: use POST for /run"})");
  EXPECT_THAT(call->response().headers, ElementsAre(Pair("Allow", "POST")));
}

TEST(HttpEndpoints, AnErrorThatThePathTellsOfIsTheAnswer) {
  const HttpEndpoint failing = Failing(Plane::kData, absl::NotFoundError("no such model"));
  EXPECT_EQ(failing.plane, Plane::kData);
  EXPECT_FALSE(failing.takes_body);
  EXPECT_FALSE(failing.refused) << "nothing runs that could be refused";
  const auto call = std::make_shared<FakeHttpCall>("POST", "/a");
  failing.handle(call);
  EXPECT_EQ(call->response().status, 404);
  EXPECT_EQ(call->response().body, R"({"error": "no such model"})");
  EXPECT_THAT(call->response().headers, IsEmpty());
}

}  // namespace
}  // namespace trilho

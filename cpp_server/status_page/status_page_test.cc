// Over real models; what a browser makes of the page is shown by e2e/status_page_test.py.

#include "cpp_server/status_page/status_page.h"

#include <chrono>

#include "absl/status/status.h"
#include "cpp_server/config/version.h"
#include "cpp_server/json/json_document.h"
#include "cpp_server/status_page/status_page_fixture.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace trilho {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

TEST_F(StatusPageTest, HasThreePaths) {
  for (const char* const path : {"/", "/statusz", "/openapi.json"}) EXPECT_EQ(Get(path).status, 200) << path;
  for (const char* const path : {"", "//", "/statusz/", "/index.html"}) EXPECT_EQ(Get(path).status, 404) << path;
  const StatusPage page(options_);
  const HttpRouter router(page.Routes());
  EXPECT_TRUE(Match(router, "GET", "/")->is_open) << "it asks for the token";
  EXPECT_FALSE(Match(router, "GET", "/statusz")->is_open);
  EXPECT_FALSE(Match(router, "GET", "/openapi.json")->is_open) << "it names the models";
}

TEST_F(StatusPageTest, ThePageIsAllInOne) {
  const HttpResponse page = Get("/");
  EXPECT_EQ(page.status, 200);
  EXPECT_EQ(page.content_type, "text/html; charset=utf-8");
  EXPECT_THAT(page.body, AllOf(HasSubstr("<style>:root"), HasSubstr("<script>'use strict'"), HasSubstr("</html>")));
  EXPECT_THAT(page.body, Not(HasSubstr("@CSS@")));
  EXPECT_THAT(page.body, Not(HasSubstr("innerHTML")));
  // Of nothing else than what it came with.
  EXPECT_THAT(Header(page, "Content-Security-Policy"),
              AllOf(HasSubstr("default-src 'none'"), HasSubstr("style-src 'sha256-"), HasSubstr("script-src 'sha256-"),
                    HasSubstr("connect-src 'self'"), HasSubstr("frame-ancestors 'none'"), Not(HasSubstr("unsafe"))));
  EXPECT_EQ(Header(page, "X-Content-Type-Options"), "nosniff");
}

TEST_F(StatusPageTest, TellsHowTheServerIs) {
  const JsonDocument status = GetJson("/statusz");
  const JsonValue& server = status["server"];
  EXPECT_STREQ(server["version"].GetString(), kVersion);
  EXPECT_TRUE(server["ready"].GetBool());
  EXPECT_GE(server["uptime_seconds"].GetInt64(), 0);
  EXPECT_GT(server["resident_bytes"].GetInt64(), 1 << 20);
  EXPECT_EQ(server["generation"].GetInt64(), 1);
  EXPECT_TRUE(status["infers"].GetBool());
  ASSERT_EQ(status["warnings"].Size(), 1U);
  EXPECT_STREQ(status["warnings"][0].GetString(), "a certificate has expired");
  EXPECT_EQ(Header(Get("/statusz"), "Cache-Control"), "no-store");
  ready_ = false;
  EXPECT_FALSE(GetJson("/statusz")["server"]["ready"].GetBool());
}

TEST_F(StatusPageTest, TellsOfModelsVersionsLabelsAndReasons) {
  const JsonDocument status = GetJson("/statusz");
  const JsonValue& models = status["models"];
  ASSERT_EQ(models.Size(), 3U) << "those that are configured";
  const JsonValue& half = models[0];
  EXPECT_STREQ(half["name"].GetString(), "half");
  EXPECT_STREQ(half["base_path"].GetString(), "/models/half");
  EXPECT_STREQ(half["problem"].GetString(), "");
  EXPECT_STREQ(half["labels"]["stable"].GetString(), "1");
  EXPECT_EQ(half["waiting_labels"].MemberCount(), 0U);
  ASSERT_EQ(half["versions"].Size(), 2U);
  EXPECT_STREQ(half["versions"][0]["version"].GetString(), "2");
  EXPECT_STREQ(half["versions"][0]["state"].GetString(), "AVAILABLE");
  EXPECT_STREQ(half["versions"][0]["error_code"].GetString(), "OK");
  const JsonValue& broken = models[2];
  EXPECT_STREQ(broken["problem"].GetString(), "no \"folder\"\xef\xbf\xbd");
  EXPECT_STREQ(broken["versions"][0]["state"].GetString(), "END");
  EXPECT_STREQ(broken["versions"][0]["error_code"].GetString(), "NOT_FOUND");
  EXPECT_THAT(broken["versions"][0]["error_message"].GetString(), HasSubstr("/no/such/model\xef\xbf\xbd"));
}

TEST_F(StatusPageTest, NamesComeOutAsTheyAre) {
  const JsonDocument status = GetJson("/statusz");
  EXPECT_STREQ(status["models"][1]["name"].GetString(), kOdd);
  EXPECT_STREQ(status["models"][1]["labels"]["<i>"].GetString(), "1152921504606846976") << "more than a double holds";
  EXPECT_STREQ(status["models"][1]["waiting_labels"]["<i>"].GetString(), "0") << "no version answers to it";
}

TEST_F(StatusPageTest, TellsHowVersionsDidLately) {
  InferenceRecord record;
  record.model = "half";
  record.version = 2;
  record.duration = std::chrono::milliseconds(8);
  record.begin = std::chrono::steady_clock::now() - record.duration;
  statistics_.OnEnd(record);
  statistics_.OnEnd(record);
  record.status = absl::InternalError("no");
  statistics_.OnEnd(record);
  const JsonDocument status = GetJson("/statusz");
  EXPECT_EQ(status["step_seconds"].GetInt(), 5);
  ASSERT_EQ(status["statistics"].Size(), 1U);
  const JsonValue& half = status["statistics"][0];
  EXPECT_STREQ(half["model"].GetString(), "half");
  EXPECT_STREQ(half["version"].GetString(), "2");
  EXPECT_EQ(half["window"]["count"].GetInt(), 3);
  EXPECT_EQ(half["window"]["errors"].GetInt(), 1);
  EXPECT_NEAR(half["window"]["p50_micros"].GetInt(), 8000, 2000);
  EXPECT_NEAR(half["window"]["p99_micros"].GetInt(), 8000, 2000);
  ASSERT_EQ(half["steps"].Size(), 60U);
  int calls = 0;
  for (const JsonValue& step : half["steps"].GetArray()) calls += step["count"].GetInt();
  EXPECT_EQ(calls, 3);
}

}  // namespace
}  // namespace trilho

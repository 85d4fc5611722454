#include "cpp_server/rest/rest_path.h"

#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace trilho {
namespace {

using ::testing::HasSubstr;

struct Understood {
  std::string method, path;
  RestVerb verb;
  std::string model, label;
  absl::optional<int64_t> version;
};

TEST(RestPathTest, Routes) {
  const Understood cases[] = {
      {"GET", "/v1/models/m", RestVerb::kStatus, "m", "", absl::nullopt},
      {"HEAD", "/v1/models/m", RestVerb::kStatus, "m", "", absl::nullopt},
      {"GET", "/v1/models/m/versions/12", RestVerb::kStatus, "m", "", 12},
      {"GET", "/v1/models/m/labels/stable", RestVerb::kStatus, "m", "stable", absl::nullopt},
      {"GET", "/v1/models/m/metadata", RestVerb::kMetadata, "m", "", absl::nullopt},
      {"GET", "/v1/models/m/versions/1/metadata", RestVerb::kMetadata, "m", "", 1},
      {"POST", "/v1/models/m:predict", RestVerb::kPredict, "m", "", absl::nullopt},
      {"POST", "/v1/models/m/versions/3:predict", RestVerb::kPredict, "m", "", 3},
      {"POST", "/v1/models/m/labels/canary:classify", RestVerb::kClassify, "m", "canary", absl::nullopt},
      {"POST", "/v1/models/m:regress", RestVerb::kRegress, "m", "", absl::nullopt},
      {"POST", "/v1/models/a%2Fb%20c:predict", RestVerb::kPredict, "a/b c", "", absl::nullopt},
  };
  for (const Understood& c : cases) {
    SCOPED_TRACE(c.method + " " + c.path);
    const auto path = ParseRestPath(c.method, c.path, "");
    ASSERT_TRUE(path.ok()) << path.status();
    EXPECT_EQ(path->verb, c.verb);
    EXPECT_EQ(path->model, c.model);
    EXPECT_EQ(path->label, c.label);
    EXPECT_EQ(path->version, c.version);
  }
}

TEST(RestPathTest, AnythingElseIsMalformed) {
  const std::pair<std::string, std::string> cases[] = {
      {"GET", "/v1/models/m:predict"},
      {"POST", "/v1/models/m"},
      {"POST", "/v1/models/m:PREDICT"},
      {"POST", "/v1/models/m:explain"},
      {"PUT", "/v1/models/m:predict"},
      {"GET", "/v1/models/m/versions/"},
      {"GET", "/v1/models/m/versions/x"},
      {"GET", "/v1/models/m/versions/-1"},
      {"GET", "/v1/models/m/labels/"},
      {"GET", "/v1/models/m/else/1"},
      {"GET", "/v1/models//versions/1"},
      {"GET", "/v1/modelsm"},
      {"POST", "/v1/models/:predict"},
      {"POST", "/v1/models/m/labels/a/b:predict"},
      {"GET", "/v1/other"},
  };
  for (const auto& c : cases) {
    SCOPED_TRACE(c.first + " " + c.second);
    const auto path = ParseRestPath(c.first, c.second, "");
    EXPECT_EQ(path.status().code(), absl::StatusCode::kInvalidArgument);
    EXPECT_EQ(path.status().message(), "Malformed request: " + c.first + " " + c.second);
  }
  EXPECT_EQ(ParseRestPath("GET", "/v1/models/m", "x=1").status().message(), "Malformed request: GET /v1/models/m?x=1");
}

TEST(RestPathTest, SaysWhatIsWrongWithANameOrVersion) {
  EXPECT_EQ(ParseRestPath("GET", "/v1/models", "").status().message(), "Missing model name in request.");
  EXPECT_EQ(ParseRestPath("GET", "/v1/models/", "").status().message(), "Missing model name in request.");
  EXPECT_THAT(std::string(ParseRestPath("GET", "/v1/models/m/versions/99999999999999999999", "").status().message()),
              HasSubstr("99999999999999999999"));
  for (const char* path : {"/v1/models/a%", "/v1/models/a%4", "/v1/models/a%zz"}) {
    EXPECT_THAT(std::string(ParseRestPath("GET", path, "").status().message()), HasSubstr("hexadecimal")) << path;
  }
}

}  // namespace
}  // namespace trilho

// Which HTTP status and body an error gets.

#include "cpp_server/http/http_status.h"

#include <string>
#include <utility>

#include "gtest/gtest.h"
#include "rapidjson/document.h"

namespace trilho {
namespace {

TEST(HttpStatusOf, IsThatOfTensorFlowServing) {
  const std::pair<absl::StatusCode, int> expected[] = {
      {absl::StatusCode::kOk, 200},
      {absl::StatusCode::kCancelled, 499},
      {absl::StatusCode::kUnknown, 500},
      {absl::StatusCode::kInvalidArgument, 400},
      {absl::StatusCode::kDeadlineExceeded, 504},
      {absl::StatusCode::kNotFound, 404},
      {absl::StatusCode::kAlreadyExists, 409},
      {absl::StatusCode::kPermissionDenied, 403},
      {absl::StatusCode::kResourceExhausted, 429},
      {absl::StatusCode::kFailedPrecondition, 400},
      {absl::StatusCode::kAborted, 409},
      {absl::StatusCode::kOutOfRange, 400},
      {absl::StatusCode::kUnimplemented, 501},
      {absl::StatusCode::kInternal, 500},
      {absl::StatusCode::kUnavailable, 503},
      {absl::StatusCode::kDataLoss, 500},
      {absl::StatusCode::kUnauthenticated, 401},
  };
  for (const auto& [code, status] : expected) EXPECT_EQ(HttpStatusOf(code), status) << absl::StatusCodeToString(code);
}

std::string MessageIn(const std::string& body) {
  rapidjson::Document document;
  document.Parse<rapidjson::kParseValidateEncodingFlag>(body.data(), body.size());
  EXPECT_FALSE(document.HasParseError()) << body;
  if (document.HasParseError() || !document.IsObject() || !document.HasMember("error")) return "";
  return {document["error"].GetString(), document["error"].GetStringLength()};
}

TEST(ErrorResponse, HasCodeAndMessage) {
  const HttpResponse response = ErrorResponse(absl::NotFoundError("no model m"));
  EXPECT_EQ(response.status, 404);
  EXPECT_EQ(response.content_type, "application/json");
  EXPECT_EQ(response.body, "{\"error\": \"no model m\"}");
}

TEST(ErrorResponse, IsJsonWhateverTheMessageIs) {
  for (const std::string message : {"", "say \"hi\"\\", "two\nlines\t\x01", "\xE2\x82\xAC \xF0\x9F\x98\x80"}) {
    EXPECT_EQ(MessageIn(ErrorResponse(absl::InternalError(message)).body), message);
  }
  const std::string with_nul("a\0b", 3);
  EXPECT_EQ(MessageIn(ErrorBody(with_nul)), with_nul);
}

TEST(ErrorResponse, IsCutBetweenCharacters) {
  const std::string fits(1024, 'x');
  EXPECT_EQ(MessageIn(ErrorBody(fits)), fits);
  EXPECT_EQ(MessageIn(ErrorBody(fits + "y")), fits + "...TRUNCATED");
  std::string euros = "x";
  for (int i = 0; i < 1000; ++i) euros += "\xE2\x82\xAC";
  EXPECT_EQ(MessageIn(ErrorBody(euros)), euros.substr(0, 1 + 3 * 341) + "...TRUNCATED");
}

TEST(ErrorResponse, ReplacesWhatIsNotUtf8) {
  EXPECT_EQ(MessageIn(ErrorBody("/v1/\xFF!")), "/v1/\xEF\xBF\xBD!");
  // Cut in the middle of a character.
  EXPECT_EQ(MessageIn(ErrorBody("x\xE2\x82")), "x\xEF\xBF\xBD\xEF\xBF\xBD");
  // A surrogate, an overlong form.
  EXPECT_EQ(MessageIn(ErrorBody("\xC0\xAF")), "\xEF\xBF\xBD\xEF\xBF\xBD");
}

}  // namespace
}  // namespace trilho

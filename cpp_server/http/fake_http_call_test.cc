// What tests of handlers can rely on.

#include "cpp_server/http/fake_http_call.h"

#include <thread>

#include "gtest/gtest-spi.h"
#include "gtest/gtest.h"

namespace trilho {
namespace {

TEST(FakeHttpCall, IsWhatTheTestSays) {
  FakeHttpCall call("POST", "/v1/models/m:predict?a=b", "body", {{"Content-Type", "text/plain"}});
  EXPECT_EQ(call.method(), "POST");
  EXPECT_EQ(call.path(), "/v1/models/m:predict");
  EXPECT_EQ(call.query(), "a=b");
  EXPECT_EQ(call.body(), "body");
  EXPECT_EQ(call.header("content-TYPE"), "text/plain");
  EXPECT_EQ(call.header("accept"), "");
  EXPECT_FALSE(*call.cancelled());
  call.Cancel();
  EXPECT_TRUE(*call.cancelled());
}

TEST(FakeHttpCall, GivesTheAnswerNowOrLater) {
  std::thread later;
  const HttpHandler handler = [&later](std::shared_ptr<HttpCall> call) {
    later = std::thread([call = std::move(call)] {
      HttpResponse response;
      response.body = std::string(call->path());
      call->Reply(std::move(response));
    });
  };
  EXPECT_EQ(Answer(handler, "GET", "/path").body, "/path");
  later.join();
}

TEST(FakeHttpCall, FailsTheTestThatAnswersTwice) {
  FakeHttpCall call("GET", "/");
  call.Reply({});
  EXPECT_NONFATAL_FAILURE(call.Reply({}), "was answered again");
  EXPECT_EQ(call.replies(), 2);
}

}  // namespace
}  // namespace trilho

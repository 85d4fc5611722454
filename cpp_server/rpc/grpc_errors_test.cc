// Errors of handlers as callers see them over gRPC.

#include <cstddef>
#include <memory>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "cpp_server/core/mutex.h"
#include "cpp_server/rpc/grpc_server.h"
#include "cpp_server/rpc/test_client.h"
#include "gtest/gtest.h"

namespace trilho {
namespace {

// A method that fails as it is told.
class GrpcErrorsTest : public ::testing::Test {
 protected:
  GrpcErrorsTest() {
    GrpcServer::Options options;
    options.port = 0;
    const auto fail = [this](UnaryCall* call) { call->Fail(Error()); };
    auto server = GrpcServer::Start(options, {{"trilho.Test", {{"Fail", Plane::kData, fail}}}});
    EXPECT_TRUE(server.ok()) << server.status();
    server_ = *std::move(server);
    channel_ = LocalChannel(server_->port());
  }

  grpc::Status StatusOf(absl::Status error) {
    {
      MutexLock lock(&mu_);
      error_ = std::move(error);
    }
    return RawCall(channel_, "/trilho.Test/Fail", "x").first;
  }
  std::string MessageOf(const std::string& message) { return StatusOf(absl::InternalError(message)).error_message(); }

  absl::Status Error() {
    MutexLock lock(&mu_);
    return error_;
  }

  Mutex mu_;
  absl::Status error_ GUARDED_BY(mu_);
  std::unique_ptr<GrpcServer> server_;
  std::shared_ptr<grpc::Channel> channel_;
};

TEST_F(GrpcErrorsTest, KeepTheirCodeAndMessage) {
  for (int code = 1; code <= 16; ++code) {
    const grpc::Status status = StatusOf(absl::Status(static_cast<absl::StatusCode>(code), absl::StrCat("why ", code)));
    EXPECT_EQ(static_cast<int>(status.error_code()), code);
    EXPECT_EQ(status.error_message(), absl::StrCat("why ", code));
  }
}

TEST_F(GrpcErrorsTest, AreCutWhereTFServingCuts) {
  const std::string fits(1024, 'x');
  EXPECT_EQ(MessageOf(fits), fits);
  EXPECT_EQ(MessageOf(fits + "x"), fits + "...TRUNCATED");
  EXPECT_EQ(MessageOf(std::string(100000, 'x')), fits + "...TRUNCATED");
}

// They may quote bytes of a request.
TEST_F(GrpcErrorsTest, AreUtf8WhereverTheyAreCut) {
  const std::string euro = "\xE2\x82\xAC";
  for (const int before : {1021, 1022, 1023, 1024}) {
    const std::string begin(static_cast<size_t>(before), 'x');
    EXPECT_EQ(MessageOf(begin + euro + "more"), begin + (before == 1021 ? euro : "") + "...TRUNCATED") << before;
  }
  EXPECT_EQ(MessageOf("no model \"" + euro + "\xFF\""), "no model \"" + euro + "\xEF\xBF\xBD\"");
}

TEST_F(GrpcErrorsTest, OfUnknownMethodsAreUtf8) {
  const std::string message = RawCall(channel_, "/trilho.Test/\xFF", "x").first.error_message();
  EXPECT_EQ(message, "the service trilho.Test has no method \"\xEF\xBF\xBD\"; its methods are: Fail");
}

}  // namespace
}  // namespace trilho

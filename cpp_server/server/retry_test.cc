// ModelManagementService.RetryModel.

#include <filesystem>
#include <initializer_list>
#include <string>

#include "cpp_server/server/model_server_fixture.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "trilho/management.grpc.pb.h"

namespace trilho {
namespace {

using management::ModelManagementService;
using management::RetryModelRequest;
using management::RetryModelResponse;
using ::testing::AllOf;
using ::testing::HasSubstr;

class RetryTest : public ModelServerFixture {
 protected:
  // A server of model m whose versions wait for an hour once they have failed.
  ModelServer::Options Patient() {
    ModelServer::Options options = OptionsFor({"m"});
    options.models.mutable_model_config_list()->mutable_config(0)->mutable_model_version_policy()->mutable_all();
    options.max_num_load_retries = 5;
    options.load_retry_interval = std::chrono::hours(1);
    return options;
  }

  // Makes a version whole that Break has made one that does not load.
  void Mend(const std::string& name, int version) {
    const std::string graph = absl::StrCat(name, "/", version, "/saved_model.pb");
    folder_.Remove(graph);
    std::filesystem::copy(TestModel("half_plus_two", version % 2 == 1 ? 1 : 2) + "/saved_model.pb",
                          folder_.Path(graph));
  }

  static grpc::Status Retry(const ModelServer& server, const std::string& name, std::initializer_list<int64_t> versions,
                            RetryModelResponse* response) {
    RetryModelRequest request;
    request.set_name(name);
    for (const int64_t version : versions) request.add_versions(version);
    grpc::ClientContext context;
    return ModelManagementService::NewStub(LocalChannel(server.port()))->RetryModel(&context, request, response);
  }
  static grpc::Status Retry(const ModelServer& server, const std::string& name,
                            std::initializer_list<int64_t> versions = {}) {
    RetryModelResponse ignored;
    return Retry(server, name, versions, &ignored);
  }
};

TEST_F(RetryTest, AVersionThatIsMendedIsServedAtOnce) {
  Publish("m", 1);
  Break("m", 1);
  const auto server = Started(Patient());
  ASSERT_NE(server, nullptr);
  EXPECT_LT(Ask(*server, "m"), 0);
  const grpc::Status again = Retry(*server, "m");
  EXPECT_EQ(again.error_code(), grpc::StatusCode::UNKNOWN);
  EXPECT_THAT(
      again.error_message(),
      AllOf(HasSubstr("1 version did not become available: {{m version 1 due to error: "), HasSubstr("(try 2)")));
  Mend("m", 1);
  RetryModelResponse response;
  const grpc::Status mended = Retry(*server, "m", {1}, &response);
  ASSERT_TRUE(mended.ok()) << mended.error_message();
  EXPECT_EQ(Ask(*server, "m"), 4);
  EXPECT_EQ(response.model().name(), "m");
  ASSERT_EQ(response.model().versions_size(), 1);
  EXPECT_EQ(response.model().versions(0).state(), "AVAILABLE");
}

TEST_F(RetryTest, AVersionThatItsManifestFoundDamagedIsReadAnew) {
  Publish("m", 1);
  folder_.Write("m/1/manifest.json", "{");
  ModelServer::Options options = Patient();
  options.watch.settle_time = std::chrono::milliseconds(1);
  options.watch.poll_wait = std::chrono::hours(1);
  const auto server = Started(options);
  ASSERT_NE(server, nullptr);
  EXPECT_LT(Ask(*server, "m"), 0);
  const grpc::Status again = Retry(*server, "m");
  EXPECT_EQ(again.error_code(), grpc::StatusCode::UNKNOWN);
  EXPECT_THAT(again.error_message(), HasSubstr("manifest.json does not parse"));
  folder_.Remove("m/1/manifest.json");
  const grpc::Status mended = Retry(*server, "m");
  ASSERT_TRUE(mended.ok()) << mended.error_message();
  EXPECT_EQ(Ask(*server, "m"), 4);
}

TEST_F(RetryTest, AFolderThatCouldNotBeReadIsLookedAtAgain) {
  ModelServer::Options options = Patient();
  options.watch.poll_wait = std::chrono::hours(1);
  const auto server = Started(options);
  ASSERT_NE(server, nullptr);
  const grpc::Status again = Retry(*server, "m");
  EXPECT_EQ(again.error_code(), grpc::StatusCode::UNKNOWN);
  EXPECT_THAT(again.error_message(), HasSubstr("m due to error: "));
  Publish("m", 1);
  const grpc::Status there = Retry(*server, "m");
  ASSERT_TRUE(there.ok()) << there.error_message();
  EXPECT_EQ(Ask(*server, "m"), 4);
}

TEST_F(RetryTest, OthersGoOnAnsweringWhileAVersionIsTried) {
  Publish("m", 1);
  Publish("m", 2);
  Break("m", 2);
  const auto server = Started(Patient());
  ASSERT_NE(server, nullptr);
  EXPECT_EQ(Ask(*server, "m"), 4);
  EXPECT_EQ(Retry(*server, "m", {2}).error_code(), grpc::StatusCode::UNKNOWN);
  EXPECT_EQ(Ask(*server, "m"), 4);
  Mend("m", 2);
  EXPECT_TRUE(Retry(*server, "m").ok());
  EXPECT_EQ(Ask(*server, "m"), 5);
}

TEST_F(RetryTest, WhatCannotBeTriedIsSaidWithTheChoices) {
  Publish("m", 1);
  Publish("m", 2);
  Break("m", 2);
  const auto server = Started(Patient());
  ASSERT_NE(server, nullptr);
  grpc::Status status = Retry(*server, "n");
  EXPECT_EQ(status.error_code(), grpc::StatusCode::NOT_FOUND);
  EXPECT_EQ(status.error_message(), "there is no model \"n\"; the models are: m");
  status = Retry(*server, "m", {7});
  EXPECT_EQ(status.error_code(), grpc::StatusCode::NOT_FOUND);
  EXPECT_EQ(status.error_message(), "there is no version 7 of model m; there are: 2 (LOADING), 1 (AVAILABLE)");
  status = Retry(*server, "m", {1, 2});
  EXPECT_EQ(status.error_code(), grpc::StatusCode::FAILED_PRECONDITION);
  EXPECT_EQ(status.error_message(),
            "version 1 of model m is AVAILABLE, it has not failed; those that can be tried again are: 2");
  Mend("m", 2);
  ASSERT_TRUE(Retry(*server, "m", {2}).ok());
  status = Retry(*server, "m");
  EXPECT_EQ(status.error_code(), grpc::StatusCode::FAILED_PRECONDITION);
  EXPECT_EQ(status.error_message(), "no version of model m has failed; there are: 2 (AVAILABLE), 1 (AVAILABLE)");
}

}  // namespace
}  // namespace trilho

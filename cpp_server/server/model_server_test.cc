// The whole server in the test's process, over real models and real gRPC.

#include "cpp_server/server/model_server.h"

#include <filesystem>
#include <functional>
#include <string>
#include <thread>

#include "cpp_server/server/model_server_fixture.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace trilho {
namespace {

using ::testing::HasSubstr;

using ModelServerTest = ModelServerFixture;

constexpr float kNotFound = -5;

TEST_F(ModelServerTest, WhoeverConnectsFindsTheModelsThatWereThere) {
  Publish("a", 1);
  Publish("b", 1);
  Publish("b", 2);
  const auto server = Started(OptionsFor({"a", "b"}));
  ASSERT_NE(server, nullptr);
  EXPECT_EQ(Ask(*server, "a"), 4);
  EXPECT_EQ(Ask(*server, "b"), 5) << "the latest version only";
  EXPECT_EQ(server->Table(),
            "MODEL  VERSION  STATE      REASON\n"
            "a      1        AVAILABLE\n"
            "b      2        AVAILABLE\n");
}

TEST_F(ModelServerTest, AModelThatIsMissingHoldsNobodyUp) {
  Publish("a", 1);
  const auto server = Started(OptionsFor({"a", "missing"}));
  ASSERT_NE(server, nullptr);
  EXPECT_EQ(Ask(*server, "a"), 4);
  EXPECT_EQ(Ask(*server, "missing"), kNotFound);
  EXPECT_THAT(server->Table(), HasSubstr("\nmissing  -        -          "));
}

TEST_F(ModelServerTest, AModelMayAppearLater) {
  const auto server = Started(OptionsFor({"m"}));
  ASSERT_NE(server, nullptr);
  EXPECT_EQ(Ask(*server, "m"), kNotFound);
  Publish("m", 1);
  while (Ask(*server, "m") == kNotFound) std::this_thread::yield();
  EXPECT_EQ(Ask(*server, "m"), 4);
}

TEST_F(ModelServerTest, ANewVersionTakesOverWithoutAMissedCall) {
  Publish("m", 1);
  const auto server = Started(OptionsFor({"m"}));
  ASSERT_NE(server, nullptr);
  ASSERT_EQ(Ask(*server, "m"), 4);
  Publish("m", 2);
  float answer = 4;
  while (answer == 4) answer = Ask(*server, "m");
  EXPECT_EQ(answer, 5);
}

TEST_F(ModelServerTest, AModelThatCannotBeLoadedHoldsNobodyUp) {
  Publish("a", 1);
  Publish("broken", 1);
  Break("broken", 1);
  const auto server = Started(OptionsFor({"a", "broken"}));
  ASSERT_NE(server, nullptr);
  EXPECT_EQ(Ask(*server, "a"), 4);
  EXPECT_EQ(Ask(*server, "broken"), kNotFound);
  EXPECT_THAT(server->Table(), HasSubstr("broken  1        FAILED     Failed to load {name: broken version: 1}"));
}

TEST_F(ModelServerTest, AStartThatIsToldToStopIsCancelled) {
  Publish("m", 1);
  // Its files are too young to be taken as complete, and the next look is far away: the start must wait.
  folder_.Remove("m/1/_SUCCESS");
  ModelServer::Options options = OptionsFor({"m"});
  options.watch.poll_wait = std::chrono::hours(1);
  int asked = 0;
  const auto server = ModelServer::Start(options);
  ASSERT_TRUE(server.ok()) << server.status();
  const absl::Status loaded = (*server)->WaitUntilLoaded([&asked] { return ++asked == 3; });
  EXPECT_EQ(loaded.code(), absl::StatusCode::kCancelled);
  EXPECT_EQ(asked, 3);
}

TEST_F(ModelServerTest, APortInUseIsAnErrorOfTheStart) {
  const auto first = Started(OptionsFor({"m"}));
  ASSERT_NE(first, nullptr);
  ModelServer::Options options = OptionsFor({"m"});
  options.grpc.port = first->port();
  EXPECT_EQ(ModelServer::Start(options).status().code(), absl::StatusCode::kUnavailable)
      << "it is found before any model is waited for";
}

TEST_F(ModelServerTest, AModelAnswersBeforeTheOthersAreLoaded) {
  Publish("early", 1);
  Publish("late", 1);
  // Its files are too young to be taken as complete.
  folder_.Remove("late/1/_SUCCESS");
  ModelServer::Options options = OptionsFor({"early", "late"});
  options.watch.settle_time = std::chrono::hours(1);
  options.first_loads.max_wait = std::chrono::milliseconds(0);
  bool early = false;
  const auto server = ModelServer::Start(options);
  ASSERT_TRUE(server.ok()) << server.status();
  const absl::Status loaded = (*server)->WaitUntilLoaded([&] {
    const auto stub = tensorflow::serving::PredictionService::NewStub(LocalChannel((*server)->port()));
    const auto error_of = [&](const std::string& model) {
      grpc::ClientContext context;
      tensorflow::serving::PredictRequest request = RequestFor(model);
      tensorflow::serving::PredictResponse response;
      const grpc::Status status = stub->Predict(&context, request, &response);
      return absl::StrCat(status.error_code(), " ", status.error_message());
    };
    EXPECT_EQ(error_of("late"), "14 the server is still loading the model \"late\"");
    EXPECT_EQ(error_of("unknown"), "5 Servable not found for request: Latest(unknown)");
    early = error_of("early") == "0 ";
    return early;
  });
  EXPECT_TRUE(early);
  EXPECT_EQ(loaded.code(), absl::StatusCode::kCancelled);
}

TEST_F(ModelServerTest, TheVersionBeforeAnswersWhileTheNewestDoesNotLoad) {
  Publish("m", 1);
  Publish("m", 2);
  Publish("m", 3);
  Break("m", 2);
  Break("m", 3);
  ModelServer::Options options = OptionsFor({"m"});
  // An hour between the tries.
  options.max_num_load_retries = 5;
  options.load_retry_interval = std::chrono::hours(1);
  const auto server = Started(options);
  ASSERT_NE(server, nullptr);
  EXPECT_EQ(Ask(*server, "m"), 4) << "as soon as it has started";
  EXPECT_THAT(server->Table(), HasSubstr("m      3        LOADING    Failed to load"));
  EXPECT_THAT(server->Table(), HasSubstr("m      1        AVAILABLE\n"));
  Publish("m", 4);
  while (Ask(*server, "m") == 4) std::this_thread::yield();
  EXPECT_EQ(Ask(*server, "m"), 5);
  while (::testing::Matches(HasSubstr("1        AVAILABLE"))(server->Table())) std::this_thread::yield();
}

TEST_F(ModelServerTest, TheVersionBeforeIsGivenUpWhenTheNewestLoadsAtLast) {
  Publish("m", 1);
  Publish("m", 2);
  const std::string graph = folder_.Path("m/2/saved_model.pb");
  std::filesystem::rename(graph, folder_.Path("kept"));
  folder_.Write("m/2/saved_model.pb", "this is no SavedModel");
  ModelServer::Options options = OptionsFor({"m"});
  options.max_num_load_retries = 1000;
  options.load_retry_interval = std::chrono::milliseconds(50);
  const auto server = Started(options);
  ASSERT_NE(server, nullptr);
  EXPECT_EQ(Ask(*server, "m"), 4);
  std::filesystem::rename(folder_.Path("kept"), graph);
  while (Ask(*server, "m") == 4) std::this_thread::yield();
  EXPECT_EQ(Ask(*server, "m"), 5);
  while (::testing::Matches(HasSubstr("1        AVAILABLE"))(server->Table())) std::this_thread::yield();
}

TEST_F(ModelServerTest, ServesWithoutAnyLookIfPollingIsOff) {
  Publish("m", 1);
  ModelServer::Options options = OptionsFor({"m"});
  options.watch.poll_wait = std::chrono::milliseconds(-1);
  const auto server = Started(options);
  ASSERT_NE(server, nullptr);
  EXPECT_EQ(Ask(*server, "m"), kNotFound);
}

TEST_F(ModelServerTest, ShutsDownWithModelsLoaded) {
  Publish("m", 1);
  const auto server = Started(OptionsFor({"m"}));
  ASSERT_NE(server, nullptr);
  ASSERT_EQ(Ask(*server, "m"), 4);
  server->Shutdown(std::chrono::seconds(30));
}

}  // namespace
}  // namespace trilho

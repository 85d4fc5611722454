// The whole server in the test's process, over real models and real gRPC.

#include "cpp_server/server/model_server.h"

#include <atomic>
#include <filesystem>
#include <functional>
#include <string>
#include <thread>

#include "cpp_server/rpc/test_client.h"
#include "cpp_server/sources/disk/test_directory.h"
#include "cpp_server/testing/test_models.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tensorflow_serving/apis/prediction_service.grpc.pb.h"

namespace trilho {
namespace {

using tensorflow::serving::PredictionService;
using tensorflow::serving::PredictRequest;
using tensorflow::serving::PredictResponse;
using ::testing::HasSubstr;

bool Never() { return false; }

class ModelServerTest : public ::testing::Test {
 protected:
  // A model "m" whose versions are below folder_'s "m", which is not there at first.
  ModelServer::Options OptionsFor(const std::vector<std::string>& names) {
    ModelServer::Options options;
    for (const std::string& name : names) {
      ModelLocation location;
      location.name = name;
      location.base_path = folder_.Path(name);
      options.models.push_back(location);
    }
    options.grpc.port = 0;
    options.poll_wait = std::chrono::milliseconds(20);
    options.max_num_load_retries = 0;
    return options;
  }

  // As a version that is copied and then renamed into its place.
  void Publish(const std::string& name, int version) {
    folder_.MakeFolder(name);
    const std::string staged = folder_.Path(name + "/staged");
    std::filesystem::copy(TestModel("half_plus_two", version), staged, std::filesystem::copy_options::recursive);
    std::filesystem::rename(staged, folder_.Path(absl::StrCat(name, "/", version)));
  }

  std::unique_ptr<ModelServer> Started(const ModelServer::Options& options) {
    auto server = ModelServer::Start(options, Never);
    EXPECT_TRUE(server.ok()) << server.status();
    return server.ok() ? *std::move(server) : nullptr;
  }

  // What model `name` makes of 4; a negative number for an error.
  static float Ask(const ModelServer& server, const std::string& name) {
    PredictRequest request;
    request.mutable_model_spec()->set_name(name);
    tensorflow::TensorProto& x = (*request.mutable_inputs())["x"];
    x.set_dtype(tensorflow::DT_FLOAT);
    x.mutable_tensor_shape()->add_dim()->set_size(1);
    x.add_float_val(4);
    grpc::ClientContext context;
    PredictResponse response;
    const auto stub = PredictionService::NewStub(LocalChannel(server.port()));
    const grpc::Status status = stub->Predict(&context, request, &response);
    return status.ok() ? response.outputs().at("y").float_val(0) : -static_cast<float>(status.error_code());
  }

  TestDirectory folder_;
};

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
  const std::string graph = folder_.Path("broken/1/saved_model.pb");
  std::filesystem::remove(graph);
  folder_.Write("broken/1/saved_model.pb", "this is no SavedModel");
  const auto server = Started(OptionsFor({"a", "broken"}));
  ASSERT_NE(server, nullptr);
  EXPECT_EQ(Ask(*server, "a"), 4);
  EXPECT_EQ(Ask(*server, "broken"), kNotFound);
  EXPECT_THAT(server->Table(), HasSubstr("broken  1        FAILED     Failed to load {name: broken version: 1}"));
}

TEST_F(ModelServerTest, AStartThatIsToldToStopIsCancelled) {
  Publish("m", 1);
  ModelServer::Options options = OptionsFor({"m"});
  // Its files are too young to be taken as complete, and the next look is far away: the start must wait.
  options.poll_wait = std::chrono::hours(1);
  int asked = 0;
  const auto server = ModelServer::Start(options, [&asked] { return ++asked == 3; });
  EXPECT_EQ(server.status().code(), absl::StatusCode::kCancelled);
  EXPECT_EQ(asked, 3);
}

TEST_F(ModelServerTest, APortInUseIsAnErrorOfTheStart) {
  const auto first = Started(OptionsFor({"m"}));
  ASSERT_NE(first, nullptr);
  ModelServer::Options options = OptionsFor({"m"});
  options.grpc.port = first->port();
  EXPECT_EQ(ModelServer::Start(options, Never).status().code(), absl::StatusCode::kUnavailable);
}

TEST_F(ModelServerTest, ServesWithoutAnyLookIfPollingIsOff) {
  Publish("m", 1);
  ModelServer::Options options = OptionsFor({"m"});
  options.poll_wait = std::chrono::milliseconds(-1);
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

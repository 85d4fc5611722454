// Whoever asks a whole server whether it is ready hears the same, over whatever protocol.

#include <chrono>
#include <future>
#include <string>
#include <thread>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "cpp_server/http/http_test_client.h"
#include "cpp_server/server/model_server_fixture.h"
#include "gmock/gmock.h"
#include "grpc/health/v1/health.grpc.pb.h"
#include "gtest/gtest.h"
#include "kserve/open_inference.grpc.pb.h"
#include "trilho/management.grpc.pb.h"

namespace trilho {
namespace {

using ::testing::HasSubstr;

class ProbesTest : public ModelServerFixture {
 protected:
  ModelServer::Options OptionsFor(const std::vector<std::string>& names) {
    ModelServer::Options options = ModelServerFixture::OptionsFor(names);
    options.http.emplace();
    return options;
  }

  static int Status(const ModelServer& server, const std::string& path) {
    return HttpTestClient(server.http_port()).Get(path).status;
  }

  // What gRPC's health says of a name.
  static std::string Health(const ModelServer& server, const std::string& name) {
    grpc::ClientContext context;
    grpc::health::v1::HealthCheckRequest request;
    request.set_service(name);
    grpc::health::v1::HealthCheckResponse response;
    const grpc::Status status =
        grpc::health::v1::Health::NewStub(LocalChannel(server.port()))->Check(&context, request, &response);
    if (!status.ok()) return absl::StrCat("error ", status.error_code());
    return grpc::health::v1::HealthCheckResponse::ServingStatus_Name(response.status());
  }

  static bool KServeReady(const ModelServer& server) {
    grpc::ClientContext context;
    inference::ServerReadyResponse response;
    EXPECT_TRUE(inference::GRPCInferenceService::NewStub(LocalChannel(server.port()))
                    ->ServerReady(&context, inference::ServerReadyRequest(), &response)
                    .ok());
    return response.ready();
  }

  // What all say of the server, or how they differ.
  static std::string OfServer(const ModelServer& server) {
    const int readyz = Status(server, "/readyz"), kserve = Status(server, "/v2/health/ready");
    const std::string health = Health(server, "");
    const bool kserve_grpc = KServeReady(server);
    if (readyz == 200 && kserve == 200 && health == "SERVING" && kserve_grpc) return "ready";
    if (readyz == 503 && kserve == 503 && health == "NOT_SERVING" && !kserve_grpc) return "not ready";
    return absl::StrCat(readyz, " ", kserve, " ", health, " ", kserve_grpc);
  }

  static std::string OfModel(const ModelServer& server, const std::string& model) {
    const int readyz = Status(server, "/readyz/" + model), kserve = Status(server, "/v2/models/" + model + "/ready");
    const std::string health = Health(server, model);
    if (readyz == 200 && kserve == 200 && health == "SERVING") return "ready";
    // KServe's answer to a model that never had a version.
    if (readyz == 503 && (kserve == 503 || kserve == 404) && health == "NOT_SERVING") return "not ready";
    return absl::StrCat(readyz, " ", kserve, " ", health);
  }

  // The status of HandleReloadConfigRequest.
  static absl::Status Reload(ModelServer* server, const ModelServer::Options& options) {
    std::promise<absl::Status> done;
    server->Reload(options.models, [&done](const absl::Status& status) { done.set_value(status); });
    return done.get_future().get();
  }

  grpc::Status Add(const ModelServer& server, const std::string& model) const {
    grpc::ClientContext context;
    management::AddModelRequest request;
    request.set_model_config(ConfigFor(model).ShortDebugString());
    management::Configuration configuration;
    return management::ModelManagementService::NewStub(LocalChannel(server.port()))
        ->AddModel(&context, request, &configuration);
  }
};

TEST_F(ProbesTest, AModelThatComesLaterDoesNotTakeTheServerAway) {
  Publish("a", 1);
  const auto server = Started(OptionsFor({"a"}));
  ASSERT_NE(server, nullptr);
  EXPECT_EQ(OfServer(*server), "ready");
  EXPECT_EQ(Health(*server, "missing"), "error 5") << "there is none";
  EXPECT_EQ(Reload(server.get(), OptionsFor({"a", "missing"})).code(), absl::StatusCode::kUnknown);
  EXPECT_EQ(OfServer(*server), "ready");
  EXPECT_EQ(OfModel(*server, "a"), "ready");
  EXPECT_EQ(OfModel(*server, "missing"), "not ready");
  EXPECT_THAT(HttpTestClient(server->http_port()).Get("/readyz").body, HasSubstr(folder_.Path("missing")))
      << "whoever looks sees it all the same";
}

TEST_F(ProbesTest, ItDoesIfTheFlagSaysSo) {
  Publish("a", 1);
  ModelServer::Options options = OptionsFor({"a"});
  options.readiness_of_all_models = true;
  const auto server = Started(options);
  ASSERT_NE(server, nullptr);
  EXPECT_EQ(OfServer(*server), "ready");
  EXPECT_EQ(Reload(server.get(), OptionsFor({"a", "missing"})).code(), absl::StatusCode::kUnknown);
  EXPECT_EQ(OfServer(*server), "not ready");
  EXPECT_EQ(OfModel(*server, "a"), "ready");
}

TEST_F(ProbesTest, AModelThatIsRefusedIsNotConfiguredAnyMore) {
  Publish("a", 1);
  const auto server = Started(OptionsFor({"a"}));
  ASSERT_NE(server, nullptr);
  const grpc::Status added = Add(*server, "missing");
  EXPECT_EQ(added.error_code(), grpc::StatusCode::UNKNOWN);
  EXPECT_THAT(added.error_message(), HasSubstr("1 model(s) did not become available: {{missing due to error: "));
  EXPECT_THAT(added.error_message(), HasSubstr("; it is not configured any more"));
  EXPECT_EQ(Status(*server, "/readyz/missing"), 404);
  EXPECT_EQ(OfServer(*server), "ready");
  Publish("missing", 1);
  EXPECT_TRUE(Add(*server, "missing").ok()) << "nothing of it is left";
  EXPECT_EQ(Ask(*server, "missing"), 4);
}

TEST_F(ProbesTest, AGoodModelIsReadyWhileAnotherHangsAtTheStart) {
  Publish("good", 1);
  Publish("hanging", 1);
  // Its files are too young to be taken as complete.
  folder_.Remove("hanging/1/_SUCCESS");
  ModelServer::Options options = OptionsFor({"good", "hanging"});
  options.watch.settle_time = options.watch.write_wait = std::chrono::hours(1);
  auto started = ModelServer::Start(options);
  ASSERT_TRUE(started.ok()) << started.status();
  ModelServer* const server = started->get();
  EXPECT_EQ(Ask(*server, "good"), 4) << "which waits until it is there";
  while (Health(*server, "good") != "SERVING") std::this_thread::yield();
  EXPECT_EQ(OfModel(*server, "good"), "ready");
  EXPECT_EQ(OfModel(*server, "hanging"), "not ready");
  EXPECT_EQ(OfServer(*server), "not ready");
  EXPECT_EQ(Health(*server, "PredictionService"), "NOT_SERVING") << "another replica answers sooner";
  folder_.Write("hanging/1/_SUCCESS", "");
  EXPECT_TRUE(server->WaitUntilLoaded([] { return false; }).ok());
  EXPECT_EQ(OfServer(*server), "ready");
  EXPECT_EQ(OfModel(*server, "hanging"), "ready");
  server->BeginLameDuck();
  EXPECT_EQ(OfServer(*server), "not ready");
  EXPECT_EQ(Health(*server, "good"), "NOT_SERVING");
  EXPECT_EQ(Health(*server, "PredictionService"), "NOT_SERVING");
  EXPECT_EQ(OfModel(*server, "good"), "not ready");
  EXPECT_EQ(Ask(*server, "good"), 4) << "which answers as before";
}

TEST_F(ProbesTest, ALoadThatDoesNotEndDoesNotTurnTheCallersOfTheOthersAwayForEver) {
  Publish("good", 1);
  Publish("hanging", 1);
  folder_.Remove("hanging/1/_SUCCESS");
  ModelServer::Options options = OptionsFor({"good", "hanging"});
  options.watch.settle_time = options.watch.write_wait = std::chrono::hours(1);
  options.first_loads.max_wait = std::chrono::milliseconds(100);
  auto started = ModelServer::Start(options);
  ASSERT_TRUE(started.ok()) << started.status();
  ModelServer* const server = started->get();
  EXPECT_EQ(Health(*server, "PredictionService"), "NOT_SERVING");
  const absl::Status stopped =
      server->WaitUntilLoaded([server] { return Health(*server, "PredictionService") == "SERVING"; });
  EXPECT_EQ(stopped.code(), absl::StatusCode::kCancelled);
  while (Health(*server, "good") != "SERVING") std::this_thread::yield();
  EXPECT_EQ(Ask(*server, "good"), 4);
  EXPECT_EQ(OfServer(*server), "not ready");
}

TEST_F(ProbesTest, AModelOfTheStartThatDoesNotLoadIsMissedUntilItDoes) {
  Publish("a", 1);
  const auto server = Started(OptionsFor({"a", "missing"}));
  ASSERT_NE(server, nullptr);
  EXPECT_EQ(OfServer(*server), "not ready");
  EXPECT_EQ(OfModel(*server, "a"), "ready");
  EXPECT_EQ(Health(*server, "PredictionService"), "SERVING") << "clients that ask before they call reach the good one";
  Publish("missing", 1);
  // Nobody asks for it but gRPC's health.
  while (Health(*server, "") != "SERVING") std::this_thread::yield();
  EXPECT_EQ(OfServer(*server), "ready");
}

TEST_F(ProbesTest, NorIsItMissedOnceItIsRemoved) {
  Publish("a", 1);
  const auto server = Started(OptionsFor({"a", "missing"}));
  ASSERT_NE(server, nullptr);
  EXPECT_EQ(OfServer(*server), "not ready");
  EXPECT_TRUE(Reload(server.get(), OptionsFor({"a"})).ok());
  EXPECT_EQ(OfServer(*server), "ready");
}

}  // namespace
}  // namespace trilho

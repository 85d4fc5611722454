// What callers of a model hear while it is loaded for the first time, whatever front they come through.

#include <chrono>
#include <functional>
#include <future>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "cpp_server/contracts/compiled_for_test.h"
#include "cpp_server/http/http_test_client.h"
#include "cpp_server/server/model_server_fixture.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "kserve/open_inference.grpc.pb.h"

namespace trilho {
namespace {

using ::testing::HasSubstr;

constexpr char kContract[] = R"(
  service LateService {
    rpc Halve(In) returns (Out) { option (trilho.contract.model) = { name: "late" }; }
  }
  message In { float value = 1 [(trilho.contract.tensor) = { alias: "x" }]; }
  message Out { float value = 1 [(trilho.contract.tensor) = { alias: "y" }]; })";

constexpr char kPredict[] = R"({"instances": [4]})";
constexpr char kInfer[] = R"({"inputs": [{"name": "x", "shape": [1], "datatype": "FP32", "data": [4]}]})";

std::string Shown(const grpc::Status& status) {
  return absl::StrCat(status.error_code(), ": ", status.error_message());
}

class FirstLoadTest : public ModelServerFixture {
 protected:
  // Of a model "early" that is loaded at once and a model "late" that is loaded when Complete("late") says so. One
  // thread answers calls over gRPC, one over HTTP.
  ModelServer::Options TwoModels() {
    Publish("early", 1);
    PublishIncomplete("late");
    ModelServer::Options options = OptionsFor({"early", "late"});
    options.watch.settle_time = options.watch.write_wait = std::chrono::hours(1);
    options.contracts.contracts = compiled_.contracts();
    options.http.emplace();
    return options;
  }

  void PublishIncomplete(const std::string& model) {
    Publish(model, 1);
    // Its files are too young to be taken as complete.
    folder_.Remove(model + "/1/_SUCCESS");
  }
  void Complete(const std::string& model) { folder_.Write(model + "/1/_SUCCESS", ""); }

  // Does not wait for its models.
  void Start(const ModelServer::Options& options) {
    auto server = ModelServer::Start(options);
    ASSERT_TRUE(server.ok()) << server.status();
    server_ = *std::move(server);
    channel_ = LocalChannel(server_->port());
  }

  // Waits until so many calls wait, as the metrics tell it.
  void WaitForQueued(const std::string& protocol, int calls) const {
    const std::string line = absl::StrCat("\ntrilho_queued_requests{protocol=\"", protocol, "\"} ", calls, "\n");
    while (!absl::StrContains(HttpTestClient(server_->http_port()).Get("/metrics").body, line)) {
      std::this_thread::sleep_for(std::chrono::milliseconds(5));
    }
  }

  std::string Predict(const std::string& model, std::chrono::milliseconds timeout = std::chrono::minutes(1)) const {
    grpc::ClientContext context;
    context.set_deadline(std::chrono::system_clock::now() + timeout);
    tensorflow::serving::PredictResponse response;
    const grpc::Status status =
        tensorflow::serving::PredictionService::NewStub(channel_)->Predict(&context, RequestFor(model), &response);
    return status.ok() ? absl::StrCat(response.outputs().at("y").float_val(0)) : Shown(status);
  }

  std::string Metadata() const {
    grpc::ClientContext context;
    tensorflow::serving::GetModelMetadataRequest request;
    request.mutable_model_spec()->set_name("late");
    request.add_metadata_field("signature_def");
    tensorflow::serving::GetModelMetadataResponse response;
    const grpc::Status status =
        tensorflow::serving::PredictionService::NewStub(channel_)->GetModelMetadata(&context, request, &response);
    return status.ok() ? absl::StrCat("version ", response.model_spec().version().value()) : Shown(status);
  }

  std::string KServeInfer() const {
    grpc::ClientContext context;
    inference::ModelInferRequest request;
    request.set_model_name("late");
    auto* const input = request.add_inputs();
    input->set_name("x");
    input->set_datatype("FP32");
    input->add_shape(1);
    input->mutable_contents()->add_fp32_contents(4);
    inference::ModelInferResponse response;
    const grpc::Status status =
        inference::GRPCInferenceService::NewStub(channel_)->ModelInfer(&context, request, &response);
    return status.ok() ? absl::StrCat(response.outputs(0).contents().fp32_contents(0)) : Shown(status);
  }

  std::string KServeMetadata() const {
    grpc::ClientContext context;
    inference::ModelMetadataRequest request;
    request.set_name("late");
    inference::ModelMetadataResponse response;
    const grpc::Status status =
        inference::GRPCInferenceService::NewStub(channel_)->ModelMetadata(&context, request, &response);
    return status.ok() ? response.versions(0) : Shown(status);
  }

  std::string Contract() {
    const auto [status, response] = RawCall(channel_, "/test.LateService/Halve", compiled_.Bytes("In", "value: 4"));
    return status.ok() ? compiled_.Text("Out", response) : Shown(status);
  }

  std::string Get(const std::string& path) const {
    const ReceivedResponse response = HttpTestClient(server_->http_port()).Get(path);
    return absl::StrCat(response.status, " ", response.body);
  }
  std::string Post(const std::string& path, const std::string& body) const {
    const ReceivedResponse response = HttpTestClient(server_->http_port()).Post(path, body);
    return absl::StrCat(response.status, " ", response.body);
  }

  template <typename Call>
  static std::future<std::string> Begin(Call call) {
    return std::async(std::launch::async, call);
  }

  CompiledProto compiled_{TestProto(kContract)};
  std::unique_ptr<ModelServer> server_;
  std::shared_ptr<grpc::Channel> channel_;
};

TEST_F(FirstLoadTest, CallsOfEveryFrontWaitAndTakeNoThread) {
  Start(TwoModels());
  std::vector<std::pair<std::future<std::string>, std::string>> calls;
  const auto begin = [&calls](std::function<std::string()> call, const std::string& answer) {
    calls.emplace_back(Begin(std::move(call)), answer);
  };
  begin([this] { return Predict("late"); }, "4");
  begin([this] { return Metadata(); }, "version 1");
  begin([this] { return KServeInfer(); }, "4");
  begin([this] { return KServeMetadata(); }, "1");
  begin([this] { return Contract(); }, "value: 4");
  WaitForQueued("grpc", 5);
  begin([this] { return Post("/v1/models/late:predict", kPredict); }, "\"predictions\": [\n        4.0\n");
  begin([this] { return Get("/v1/models/late/metadata"); }, "\"version\": \"1\"");
  begin([this] { return Post("/v2/models/late/infer", kInfer); }, "\"data\":[4.0]");
  begin([this] { return Get("/v2/models/late"); }, "\"versions\":[\"1\"]");
  begin([this] { return Post("/v1/contracts/test.LateService/Halve", R"({"value": 4})"); }, "200 {\"value\":4}");
  WaitForQueued("rest", 5);
  EXPECT_THAT(Get("/metrics"), HasSubstr("\ntrilho_requests_in_flight 10\n"));

  // What does not ask that model is answered at once.
  EXPECT_EQ(Predict("early"), "4");
  EXPECT_THAT(Post("/v1/models/early:predict", kPredict), HasSubstr("200 "));
  EXPECT_EQ(Predict("unknown"), "5: Servable not found for request: Latest(unknown)");
  EXPECT_THAT(Post("/v1/models/unknown:predict", kPredict), HasSubstr("404 "));
  EXPECT_THAT(Get("/healthz"), HasSubstr("200 "));
  EXPECT_THAT(Get("/readyz"), HasSubstr("503 "));
  EXPECT_THAT(Get("/v1/models/late"), HasSubstr("200 "));
  EXPECT_EQ(Get("/v2/models/late/ready"), "503 {\"ready\":false}");
  EXPECT_THAT(Get("/statusz"), HasSubstr("200 "));

  Complete("late");
  for (auto& [call, answer] : calls) EXPECT_THAT(call.get(), HasSubstr(answer));
  WaitForQueued("grpc", 0);
  WaitForQueued("rest", 0);
  EXPECT_THAT(Get("/metrics"), HasSubstr("\ntrilho_requests_in_flight 0\n"));
}

TEST_F(FirstLoadTest, CallsOfAModelThatDoesNotLoadGetTheReason) {
  ModelServer::Options options = TwoModels();
  Break("late", 1);
  Start(options);
  auto grpc_call = Begin([this] { return Predict("late"); });
  auto rest_call = Begin([this] { return Post("/v1/models/late:predict", kPredict); });
  WaitForQueued("grpc", 1);
  WaitForQueued("rest", 1);
  Complete("late");
  EXPECT_THAT(grpc_call.get(), ::testing::StartsWith("14: the model \"late\" could not be loaded: "));
  EXPECT_THAT(rest_call.get(), ::testing::StartsWith("503 {\"error\": \"the model \\\"late\\\" could not be loaded: "));
  EXPECT_EQ(Predict("late"), "5: Servable not found for request: Latest(late)") << "it had its chance";
}

TEST_F(FirstLoadTest, AModelThatIsAddedLaterIsWaitedForToo) {
  ModelServer::Options options = TwoModels();
  Complete("late");
  Start(options);
  PublishIncomplete("added");
  *options.models.mutable_model_config_list()->add_config() = ConfigFor("added");
  std::promise<absl::Status> reloaded;
  server_->Reload(options.models, [&reloaded](const absl::Status& status) { reloaded.set_value(status); });
  while (server_->Table().find("added") == std::string::npos) std::this_thread::yield();
  auto call = Begin([this] { return Predict("added"); });
  WaitForQueued("grpc", 1);
  Complete("added");
  EXPECT_EQ(call.get(), "4");
  EXPECT_EQ(reloaded.get_future().get(), absl::OkStatus());
}

TEST_F(FirstLoadTest, CallsWaitNoLongerThanTheirDeadline) {
  ModelServer::Options options = TwoModels();
  options.http->request_timeout = std::chrono::milliseconds(300);
  Start(options);
  EXPECT_THAT(Predict("late", std::chrono::milliseconds(300)), HasSubstr("4: "));
  EXPECT_THAT(Post("/v1/models/late:predict", kPredict), HasSubstr("504 "));
  WaitForQueued("grpc", 0);
  WaitForQueued("rest", 0);
}

TEST_F(FirstLoadTest, CallsWhoseCallersLeaveAreDropped) {
  ModelServer::Options options = TwoModels();
  // Whoever closes at once has left, too.
  options.http->half_close_window = std::chrono::milliseconds(0);
  Start(options);
  StreamingCall leaving(channel_, "/tensorflow.serving.PredictionService/Predict",
                        RequestFor("late").SerializeAsString());
  HttpTestClient client(server_->http_port());
  client.Send("POST /v2/models/late/infer HTTP/1.1\r\nHost: test\r\nContent-Length: " +
              std::to_string(sizeof(kInfer) - 1) + "\r\n\r\n" + kInfer);
  WaitForQueued("grpc", 1);
  WaitForQueued("rest", 1);
  leaving.Cancel();
  client.Close();
  WaitForQueued("grpc", 0);
  WaitForQueued("rest", 0);
}

TEST_F(FirstLoadTest, NoMoreCallsWaitThanMay) {
  ModelServer::Options options = TwoModels();
  options.first_loads.max_waiting_calls = 1;
  Start(options);
  EXPECT_EQ(Predict("early"), "4") << "loaded from here on";
  auto call = Begin([this] { return Predict("late"); });
  WaitForQueued("grpc", 1);
  EXPECT_EQ(Predict("late"),
            "8: the server is overloaded: 1 call waits already for models that are still loading "
            "(--max_queued_requests=1)");
  EXPECT_EQ(Predict("early"), "4");
  Complete("late");
  EXPECT_EQ(call.get(), "4");
}

TEST_F(FirstLoadTest, CallsThatWaitAreAnsweredWhenTheServerStops) {
  Start(TwoModels());
  auto grpc_call = Begin([this] { return Predict("late"); });
  auto rest_call = Begin([this] { return Post("/v1/models/late:predict", kPredict); });
  WaitForQueued("grpc", 1);
  WaitForQueued("rest", 1);
  EXPECT_TRUE(server_->Shutdown(std::chrono::minutes(1)));
  EXPECT_EQ(grpc_call.get(), "14: the server is shutting down while the model \"late\" was still loading");
  EXPECT_THAT(rest_call.get(), HasSubstr("503 "));
}

TEST_F(FirstLoadTest, CallsFailAtOnceIfTheFlagSaysSo) {
  ModelServer::Options options = TwoModels();
  options.first_loads.max_wait = std::chrono::milliseconds(0);
  Start(options);
  EXPECT_EQ(Predict("late"), "14: the server is still loading the model \"late\"");
  EXPECT_EQ(Post("/v1/models/late:predict", kPredict),
            R"(503 {"error": "the server is still loading the model \"late\""})");
}

}  // namespace
}  // namespace trilho

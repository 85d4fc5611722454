// inference.GRPCInferenceService over real models.

#include "cpp_server/kserve/kserve_service.h"

#include <string>
#include <vector>

#include "cpp_server/kserve/kserve_fixture.h"
#include "cpp_server/rpc/fake_unary_call.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "kserve/open_inference.pb.h"

namespace trilho {
namespace {

using inference::ModelInferRequest;
using inference::ModelInferResponse;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

std::string RawFloats(const std::vector<float>& values) {
  return std::string(reinterpret_cast<const char*>(values.data()), values.size() * sizeof(float));
}

class KServeServiceTest : public KServeFixture {
 protected:
  KServeServiceTest()
      : service_(KServeService(&predictor_, models_->manager(), &hooks_, &repository_, [this] { return ready_; })) {
    request_.set_model_name("half_plus_two");
    AddInput("x", "FP32", 2);
  }

  ModelInferRequest::InferInputTensor* AddInput(const std::string& name, const std::string& datatype, int64_t size) {
    auto* const input = request_.add_inputs();
    input->set_name(name);
    input->set_datatype(datatype);
    input->add_shape(size);
    return input;
  }
  void SetFloats(const std::vector<float>& values) {
    auto* const contents = request_.mutable_inputs(0)->mutable_contents();
    contents->mutable_fp32_contents()->Assign(values.begin(), values.end());
  }
  void SetSignature(const std::string& name) {
    (*request_.mutable_parameters())["signature_name"].set_string_param(name);
  }

  absl::StatusOr<ModelInferResponse> TryInfer() { return Answer<ModelInferResponse>(service_, "ModelInfer", request_); }
  ModelInferResponse Infer() {
    const auto response = TryInfer();
    EXPECT_TRUE(response.ok()) << response.status();
    return response.ok() ? *response : ModelInferResponse();
  }
  bool ModelReady(const std::string& name, const std::string& version = "") {
    inference::ModelReadyRequest request;
    request.set_name(name);
    request.set_version(version);
    const auto response = Answer<inference::ModelReadyResponse>(service_, "ModelReady", request);
    EXPECT_TRUE(response.ok()) << response.status();
    return response.ok() && response->ready();
  }
  absl::StatusOr<inference::ModelMetadataResponse> Metadata(const std::string& name, const std::string& version = "") {
    inference::ModelMetadataRequest request;
    request.set_name(name);
    request.set_version(version);
    return Answer<inference::ModelMetadataResponse>(service_, "ModelMetadata", request);
  }

  const ServiceDefinition service_;
  ModelInferRequest request_;
};

TEST_F(KServeServiceTest, SaysWhetherTheServerIsReady) {
  EXPECT_TRUE(Answer<inference::ServerLiveResponse>(service_, "ServerLive", inference::ServerLiveRequest())->live());
  for (const bool ready : {true, false}) {
    ready_ = ready;
    const auto response =
        Answer<inference::ServerReadyResponse>(service_, "ServerReady", inference::ServerReadyRequest());
    ASSERT_TRUE(response.ok()) << response.status();
    EXPECT_EQ(response->ready(), ready);
  }
  EXPECT_TRUE(Answer<inference::ServerLiveResponse>(service_, "ServerLive", inference::ServerLiveRequest())->live());
}

TEST_F(KServeServiceTest, SaysWhetherAModelIsReady) {
  EXPECT_TRUE(ModelReady("half_plus_two"));
  EXPECT_TRUE(ModelReady("half_plus_two", "1"));
  EXPECT_TRUE(ModelReady("half_plus_two", "stable"));
  EXPECT_FALSE(ModelReady("half_plus_two", "3"));
  EXPECT_FALSE(ModelReady("half_plus_two", "best"));
  EXPECT_FALSE(ModelReady("half_plus_two", "99999999999999999999"));
  EXPECT_FALSE(ModelReady("broken"));
  EXPECT_FALSE(ModelReady("nobody"));
  EXPECT_FALSE(ModelReady(""));
}

TEST_F(KServeServiceTest, DescribesTheServer) {
  const auto metadata =
      Answer<inference::ServerMetadataResponse>(service_, "ServerMetadata", inference::ServerMetadataRequest());
  ASSERT_TRUE(metadata.ok()) << metadata.status();
  EXPECT_EQ(metadata->name(), "trilho");
  EXPECT_NE(metadata->version(), "");
  EXPECT_THAT(metadata->extensions(), ElementsAre("binary_tensor_data", "model_configuration", "statistics"));
}

TEST_F(KServeServiceTest, DescribesTheDefaultSignature) {
  const auto metadata = Metadata("mnist_like");
  ASSERT_TRUE(metadata.ok()) << metadata.status();
  EXPECT_EQ(metadata->name(), "mnist_like");
  EXPECT_EQ(metadata->platform(), "tensorflow_savedmodel");
  ASSERT_EQ(metadata->inputs_size(), 1);
  EXPECT_EQ(metadata->inputs(0).name(), "image_data");
  EXPECT_EQ(metadata->inputs(0).datatype(), "FP32");
  EXPECT_THAT(metadata->inputs(0).shape(), ElementsAre(-1, 784));
  ASSERT_EQ(metadata->outputs_size(), 1);
  EXPECT_EQ(metadata->outputs(0).name(), "value");
  EXPECT_THAT(metadata->outputs(0).shape(), ElementsAre(-1, 10));
}

TEST_F(KServeServiceTest, DescribesTheFirstSignatureIfThereIsNoDefaultOne) {
  const auto metadata = Metadata("defaulted");
  ASSERT_TRUE(metadata.ok()) << metadata.status();
  ASSERT_EQ(metadata->inputs_size(), 3);
  EXPECT_EQ(metadata->inputs(0).name(), "offset");
  EXPECT_EQ(metadata->outputs(0).name(), "y");
}

// A ragged and a sparse one, which are no tensors to the protocol.
TEST_F(KServeServiceTest, DescribesAndGivesOutputsBesideThoseThatCannotBeSent) {
  const auto metadata = Metadata("pieces");
  ASSERT_TRUE(metadata.ok()) << metadata.status();
  ASSERT_EQ(metadata->outputs_size(), 2);
  request_.set_model_name("pieces");
  SetFloats({4, 2});
  for (const auto& output : metadata->outputs()) request_.add_outputs()->set_name(output.name());
  const ModelInferResponse response = Infer();
  ASSERT_EQ(response.outputs_size(), 2);
  EXPECT_EQ(response.outputs(0).name(), "dense");
  EXPECT_THAT(response.outputs(0).contents().fp32_contents(), ElementsAre(2, 1));
  EXPECT_EQ(response.outputs(1).name(), "more");
  EXPECT_THAT(response.outputs(1).contents().fp32_contents(), ElementsAre(5, 3));
}

TEST_F(KServeServiceTest, AnOutputThatCannotBeSentIsNamedWithThoseThatCan) {
  request_.set_model_name("pieces");
  SetFloats({4, 2});
  EXPECT_EQ(
      TryInfer().status(),
      absl::UnimplementedError("output \"ragged\" of signature \"serving_default\" cannot be sent: it is a sparse "
                               "or composite tensor; outputs may ask for: dense, more"));
  request_.add_outputs()->set_name("sparse");
  EXPECT_THAT(std::string(TryInfer().status().message()), HasSubstr("output \"sparse\" of signature"));
}

TEST_F(KServeServiceTest, InputsWithADefaultMayBeLeftOut) {
  request_.set_model_name("defaulted");
  SetSignature("line");
  SetFloats({1, 2});
  EXPECT_THAT(Infer().outputs(0).contents().fp32_contents(), ElementsAre(3, 5));
  request_.mutable_inputs(0)->set_name("offset");
  EXPECT_EQ(TryInfer().status(),
            absl::InvalidArgumentError("input \"x\" is missing; the inputs are: offset, scale, x"));
}

TEST_F(KServeServiceTest, ListsTheVersionsThatAreAvailable) {
  for (const char* version : {"", "1", "stable"}) {
    const auto metadata = Metadata("half_plus_two", version);
    ASSERT_TRUE(metadata.ok()) << metadata.status();
    EXPECT_THAT(metadata->versions(), ElementsAre("2", "1"));
  }
  EXPECT_EQ(Metadata("half_plus_two", "3").status(),
            absl::NotFoundError("Servable not found for request: Specific(half_plus_two, 3)"));
  EXPECT_EQ(Metadata("half_plus_two", "best").status(),
            absl::InvalidArgumentError("Unrecognized servable version label: best"));
  EXPECT_EQ(Metadata("broken").status().code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(Metadata("nobody").status().code(), absl::StatusCode::kNotFound);
}

TEST_F(KServeServiceTest, AnswersTypedContentsWithTypedContents) {
  SetFloats({4, -4});
  request_.set_id("seven");
  const ModelInferResponse response = Infer();
  EXPECT_EQ(response.model_name(), "half_plus_two");
  EXPECT_EQ(response.model_version(), "2");
  EXPECT_EQ(response.id(), "seven");
  EXPECT_EQ(response.raw_output_contents_size(), 0);
  ASSERT_EQ(response.outputs_size(), 1);
  EXPECT_EQ(response.outputs(0).name(), "y");
  EXPECT_EQ(response.outputs(0).datatype(), "FP32");
  EXPECT_THAT(response.outputs(0).shape(), ElementsAre(2));
  EXPECT_THAT(response.outputs(0).contents().fp32_contents(), ElementsAre(5, 1));
}

TEST_F(KServeServiceTest, AnswersRawContentsWithRawContents) {
  request_.add_raw_input_contents(RawFloats({4, -4}));
  const ModelInferResponse response = Infer();
  EXPECT_FALSE(response.outputs(0).has_contents());
  EXPECT_THAT(response.outputs(0).shape(), ElementsAre(2));
  EXPECT_THAT(response.raw_output_contents(), ElementsAre(RawFloats({5, 1})));
}

TEST_F(KServeServiceTest, RunsTheVersionThatIsAskedFor) {
  SetFloats({4, -4});
  for (const char* version : {"1", "stable", "01"}) {
    request_.set_model_version(version);
    const ModelInferResponse response = Infer();
    EXPECT_EQ(response.model_version(), "1");
    EXPECT_THAT(response.outputs(0).contents().fp32_contents(), ElementsAre(4, 0));
  }
}

TEST_F(KServeServiceTest, TakesAnEmptyBatch) {
  request_.mutable_inputs(0)->set_shape(0, 0);
  EXPECT_THAT(Infer().outputs(0).shape(), ElementsAre(0));
  request_.add_raw_input_contents("");
  EXPECT_THAT(Infer().raw_output_contents(), ElementsAre(""));
}

TEST_F(KServeServiceTest, RunsTheSignatureThatAParameterNames) {
  request_.Clear();
  request_.set_model_name("mnist_like");
  SetSignature("add");
  // Not in the order of the signature.
  AddInput("b", "FP32", 1)->mutable_contents()->add_fp32_contents(3);
  AddInput("a", "FP32", 1)->mutable_contents()->add_fp32_contents(10);
  ModelInferResponse response = Infer();
  ASSERT_EQ(response.outputs_size(), 2);
  EXPECT_EQ(response.outputs(0).name(), "difference");
  EXPECT_THAT(response.outputs(0).contents().fp32_contents(), ElementsAre(7));
  EXPECT_THAT(response.outputs(1).contents().fp32_contents(), ElementsAre(13));
  // Outputs come in the order that is asked for.
  request_.add_outputs()->set_name("sum");
  EXPECT_EQ(Infer().outputs(0).name(), "sum");
  request_.add_outputs()->set_name("difference");
  response = Infer();
  ASSERT_EQ(response.outputs_size(), 2);
  EXPECT_EQ(response.outputs(0).name(), "sum");
  EXPECT_THAT(response.outputs(0).contents().fp32_contents(), ElementsAre(13));
}

TEST_F(KServeServiceTest, TakesAndGivesStrings) {
  request_.Clear();
  request_.set_model_name("mnist_like");
  SetSignature("upper");
  auto* const contents = AddInput("text", "BYTES", 2)->mutable_contents();
  contents->add_bytes_contents("um");
  contents->add_bytes_contents(std::string(5000, 'x'));
  EXPECT_THAT(Infer().outputs(0).contents().bytes_contents(), ElementsAre("UM", std::string(5000, 'X')));
  request_.mutable_inputs(0)->clear_contents();
  request_.add_raw_input_contents(std::string("\2\0\0\0um\0\0\0\0", 10));
  EXPECT_THAT(Infer().raw_output_contents(), ElementsAre(std::string("\2\0\0\0UM\0\0\0\0", 10)));
}

TEST_F(KServeServiceTest, RefusesTypedAndRawContentsTogether) {
  SetFloats({4, -4});
  request_.add_raw_input_contents(RawFloats({4, -4}));
  EXPECT_EQ(TryInfer().status(),
            absl::InvalidArgumentError("input \"x\": contents must not be set where raw_input_contents is"));
  request_.mutable_inputs(0)->clear_contents();
  request_.add_raw_input_contents("");
  EXPECT_EQ(TryInfer().status(), absl::InvalidArgumentError("raw_input_contents has 2 entries for 1 input"));
}

TEST_F(KServeServiceTest, SaysWhatIsWrongWithAnInput) {
  const auto error = [this] { return TryInfer().status(); };
  SetFloats({4});
  EXPECT_EQ(error(), absl::InvalidArgumentError("input \"x\": the field of FP32 in contents has 1 value, and the "
                                                "others have 0; shape [2] needs 2 and none"));
  SetFloats({4, -4});
  request_.mutable_inputs(0)->set_datatype("FLOAT");
  EXPECT_THAT(std::string(error().message()), HasSubstr("input \"x\": datatype \"FLOAT\" is none of BOOL, "));
  request_.mutable_inputs(0)->set_datatype("FP32");
  request_.mutable_inputs(0)->set_name("z");
  EXPECT_EQ(error(), absl::InvalidArgumentError("signature \"serving_default\" has no input \"z\"; it has: x"));
  request_.mutable_inputs(0)->set_name("x");
  *request_.add_inputs() = request_.inputs(0);
  EXPECT_EQ(error(), absl::InvalidArgumentError("input \"x\" is given twice"));
  request_.clear_inputs();
  EXPECT_EQ(error(), absl::InvalidArgumentError("input \"x\" is missing; the inputs are: x"));
  AddInput("x", "INT32", 1)->mutable_contents()->add_int_contents(1);
  EXPECT_EQ(error(), absl::InvalidArgumentError("Expects arg[0] to be float but int32 is provided (input \"x\")"));
  request_.clear_inputs();
  AddInput("x", "FP32", 1)->add_shape(1);
  SetFloats({4});
  EXPECT_EQ(error(), absl::InvalidArgumentError("input \"x\" has shape [1,1], signature \"serving_default\" expects "
                                                "[-1] (-1: any size)"));
  request_.clear_inputs();
  AddInput("x", "FP32", 2);
  request_.add_raw_input_contents("1234");
  EXPECT_EQ(error(),
            absl::InvalidArgumentError("input \"x\": 4 bytes do not hold the 2 elements of 4 bytes each of shape [2]"));
}

TEST_F(KServeServiceTest, SaysWhatIsWrongWithTheRequest) {
  SetFloats({4, -4});
  const auto error = [this] { return TryInfer().status(); };
  request_.add_outputs()->set_name("z");
  EXPECT_EQ(error(), absl::InvalidArgumentError("signature \"serving_default\" has no output \"z\"; it has: y"));
  request_.mutable_outputs(0)->set_name("y");
  request_.add_outputs()->set_name("y");
  EXPECT_EQ(error(), absl::InvalidArgumentError("output \"y\" is asked for twice"));
  request_.clear_outputs();
  SetSignature("other");
  EXPECT_EQ(error(),
            absl::FailedPreconditionError("Serving signature key \"other\" not found. (signatures: serving_default)"));
  request_.clear_parameters();
  request_.set_model_version("best");
  EXPECT_EQ(error(), absl::InvalidArgumentError("Unrecognized servable version label: best"));
  request_.set_model_version("9");
  EXPECT_EQ(error(), absl::NotFoundError("Servable not found for request: Specific(half_plus_two, 9)"));
  request_.clear_model_version();
  request_.set_model_name("nobody");
  EXPECT_EQ(error(), absl::NotFoundError("Servable not found for request: Latest(nobody)"));
  request_.clear_model_name();
  EXPECT_EQ(error(), absl::InvalidArgumentError("ModelSpec has no name specified."));
  FakeUnaryCall call("\x0a\xff");
  EXPECT_EQ(Answer(service_, "ModelInfer", &call).status(),
            absl::InvalidArgumentError("the request is not an inference.ModelInferRequest"));
}

// Else the default signature would answer in its place.
TEST_F(KServeServiceTest, ASignatureNameThatIsNoStringIsRefused) {
  SetFloats({4, -4});
  (*request_.mutable_parameters())["signature_name"].set_int64_param(1);
  EXPECT_EQ(TryInfer().status(), absl::InvalidArgumentError("parameter \"signature_name\" must be a string_param"));
}

TEST_F(KServeServiceTest, TellsAModelsConfiguration) {
  inference::ModelConfigRequest request;
  request.set_name("mnist_like");
  const auto response = Answer<inference::ModelConfigResponse>(service_, "ModelConfig", request);
  ASSERT_TRUE(response.ok()) << response.status();
  const inference::ModelConfig& config = response->config();
  EXPECT_EQ(config.name(), "mnist_like");
  EXPECT_EQ(config.platform(), "tensorflow_savedmodel");
  EXPECT_EQ(config.backend(), "tensorflow");
  EXPECT_EQ(config.max_batch_size(), 0);
  ASSERT_EQ(config.input_size(), 1);
  EXPECT_EQ(config.input(0).name(), "image_data");
  EXPECT_EQ(config.input(0).data_type(), inference::TYPE_FP32);
  EXPECT_THAT(config.input(0).dims(), ElementsAre(-1, 784));
  EXPECT_FALSE(config.input(0).optional());
  ASSERT_EQ(config.output_size(), 1);
  EXPECT_EQ(config.output(0).name(), "value");
  EXPECT_THAT(config.output(0).dims(), ElementsAre(-1, 10));

  request.set_name("pieces");
  const auto pieces = Answer<inference::ModelConfigResponse>(service_, "ModelConfig", request);
  ASSERT_TRUE(pieces.ok()) << pieces.status();
  ASSERT_EQ(pieces->config().output_size(), 2) << "without those that cannot be sent";
  EXPECT_EQ(pieces->config().output(0).name(), "dense");
  EXPECT_EQ(pieces->config().output(1).name(), "more");

  request.set_name("defaulted");
  const auto defaulted = Answer<inference::ModelConfigResponse>(service_, "ModelConfig", request);
  ASSERT_TRUE(defaulted.ok()) << defaulted.status();
  for (const inference::ModelInput& input : defaulted->config().input()) {
    EXPECT_EQ(input.optional(), input.name() != "x") << input.name();
  }
  request.set_version("9");
  EXPECT_EQ(Answer<inference::ModelConfigResponse>(service_, "ModelConfig", request).status(),
            absl::NotFoundError("Servable not found for request: Specific(defaulted, 9)"));
}

TEST_F(KServeServiceTest, CountsHowOftenEachVersionIsAsked) {
  SetFloats({4, -4});
  Infer();
  Infer();
  request_.add_outputs()->set_name("z");
  EXPECT_FALSE(TryInfer().ok());
  inference::ModelStatisticsRequest request;
  request.set_name("half_plus_two");
  auto response = Answer<inference::ModelStatisticsResponse>(service_, "ModelStatistics", request);
  ASSERT_TRUE(response.ok()) << response.status();
  ASSERT_EQ(response->model_stats_size(), 2);
  const inference::ModelStatistics& asked = response->model_stats(0);
  EXPECT_EQ(asked.name(), "half_plus_two");
  EXPECT_EQ(asked.version(), "2");
  EXPECT_EQ(asked.inference_count(), 4u) << "two examples each";
  EXPECT_EQ(asked.execution_count(), 2u);
  EXPECT_GT(asked.last_inference(), 1600000000000u);
  const inference::InferStatistics& durations = asked.inference_stats();
  EXPECT_EQ(durations.success().count(), 2u);
  EXPECT_GT(durations.success().ns(), 0u);
  EXPECT_EQ(durations.fail().count(), 1u);
  EXPECT_EQ(durations.queue().count(), 2u);
  EXPECT_EQ(durations.compute_infer().count(), 2u);
  EXPECT_LE(durations.queue().ns() + durations.compute_infer().ns(), durations.success().ns());
  EXPECT_EQ(response->model_stats(1).version(), "1");
  EXPECT_EQ(response->model_stats(1).inference_stats().success().count(), 0u);
  EXPECT_EQ(response->model_stats(1).last_inference(), 0u);

  request.set_version("stable");
  response = Answer<inference::ModelStatisticsResponse>(service_, "ModelStatistics", request);
  ASSERT_TRUE(response.ok()) << response.status();
  ASSERT_EQ(response->model_stats_size(), 1);
  EXPECT_EQ(response->model_stats(0).version(), "1");
  request.set_version("9");
  EXPECT_EQ(Answer<inference::ModelStatisticsResponse>(service_, "ModelStatistics", request).status(),
            absl::NotFoundError("Servable not found for request: Specific(half_plus_two, 9)"));
  // Of all models, those that have an available version.
  response =
      Answer<inference::ModelStatisticsResponse>(service_, "ModelStatistics", inference::ModelStatisticsRequest());
  ASSERT_TRUE(response.ok()) << response.status();
  EXPECT_EQ(response->model_stats_size(), 2);
}

TEST_F(KServeServiceTest, ListsEveryModelWithItsVersions) {
  const auto list = [this](bool ready) {
    inference::RepositoryIndexRequest request;
    request.set_ready(ready);
    const auto response = Answer<inference::RepositoryIndexResponse>(service_, "RepositoryIndex", request);
    EXPECT_TRUE(response.ok()) << response.status();
    std::vector<std::string> lines;
    if (!response.ok()) return lines;
    for (const auto& model : response->models()) {
      lines.push_back(absl::StrCat(model.name(), " ", model.version(), " ", model.state(), " ", model.reason()));
    }
    return lines;
  };
  EXPECT_THAT(list(false), ElementsAre("half_plus_two 3 LOADING ", "half_plus_two 2 READY ", "half_plus_two 1 READY ",
                                       "half_plus_two 0 UNAVAILABLE unloaded", "broken 1 UNAVAILABLE no such file",
                                       "nowhere  UNAVAILABLE there is no /models/nowhere"));
  EXPECT_THAT(list(true), ElementsAre("half_plus_two 2 READY ", "half_plus_two 1 READY "));
}

TEST_F(KServeServiceTest, NamesTheServiceThatLoadsModels) {
  inference::RepositoryModelLoadRequest request;
  request.set_model_name("half_plus_two");
  for (const char* method : {"RepositoryModelLoad", "RepositoryModelUnload"}) {
    const absl::Status status = Answer<inference::RepositoryModelLoadResponse>(service_, method, request).status();
    EXPECT_EQ(status.code(), absl::StatusCode::kUnimplemented);
    EXPECT_THAT(std::string(status.message()), HasSubstr("trilho.management.ModelManagementService"));
  }
}

TEST_F(KServeServiceTest, TheRepositoryIsForThePortOfTheManagement) {
  const ServiceDefinition service =
      KServeService(&predictor_, models_->manager(), &hooks_, &closed_repository_, [this] { return ready_; });
  for (const char* method : {"RepositoryIndex", "ModelStatistics", "RepositoryModelLoad", "RepositoryModelUnload"}) {
    const absl::Status status =
        Answer<inference::RepositoryModelLoadResponse>(service, method, inference::RepositoryModelLoadRequest())
            .status();
    EXPECT_EQ(status.code(), absl::StatusCode::kPermissionDenied) << method;
    EXPECT_THAT(std::string(status.message()), HasSubstr("--management_port")) << method;
  }
}

TEST_F(KServeServiceTest, IgnoresParametersThatItDoesNotKnow) {
  SetFloats({4, -4});
  (*request_.mutable_parameters())["priority"].set_uint64_param(1);
  (*request_.mutable_inputs(0)->mutable_parameters())["unit"].set_double_param(1);
  EXPECT_THAT(Infer().outputs(0).contents().fp32_contents(), ElementsAre(5, 1));
}

TEST_F(KServeServiceTest, TellsOfEveryInference) {
  SetFloats({4, -4});
  Infer();
  request_.set_model_version("9");
  EXPECT_FALSE(TryInfer().ok());
  ASSERT_EQ(notes_.records().size(), 2u);
  const InferenceRecord& good = notes_.records()[0];
  EXPECT_EQ(good.method, "ModelInfer");
  EXPECT_EQ(good.protocol, Protocol::kGrpc);
  EXPECT_EQ(good.model, "half_plus_two");
  EXPECT_EQ(good.version, 2);
  EXPECT_EQ(good.signature, "serving_default");
  EXPECT_EQ(good.examples, 2);
  EXPECT_TRUE(good.status.ok());
  const InferenceRecord& bad = notes_.records()[1];
  EXPECT_EQ(bad.model, "half_plus_two");
  EXPECT_EQ(bad.version, absl::nullopt);
  EXPECT_EQ(bad.status.code(), absl::StatusCode::kNotFound);
}

TEST_F(KServeServiceTest, DoesNotRunWhatNobodyWaitsFor) {
  SetFloats({4, -4});
  FakeUnaryCall late(request_.SerializeAsString());
  late.set_deadline(std::chrono::steady_clock::now() - std::chrono::seconds(1));
  EXPECT_EQ(Answer(service_, "ModelInfer", &late).status().code(), absl::StatusCode::kDeadlineExceeded);
  FakeUnaryCall gone(request_.SerializeAsString());
  gone.Cancel();
  EXPECT_EQ(Answer(service_, "ModelInfer", &gone).status().code(), absl::StatusCode::kCancelled);
}

TEST_F(KServeServiceTest, RunsModelsOnTheDataPlaneOnly) {
  EXPECT_EQ(service_.name, "inference.GRPCInferenceService");
  EXPECT_EQ(service_.methods.size(), 11u);
  for (const UnaryMethod& method : service_.methods) {
    EXPECT_EQ(method.plane, method.name == "ModelInfer" ? Plane::kData : Plane::kControl) << method.name;
  }
}

}  // namespace
}  // namespace trilho

// PredictionService.Predict on requests that have none: TF Serving's codes and
// texts, behind which details may be added.

#include <chrono>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "cpp_server/rpc/fake_unary_call.h"
#include "cpp_server/services/predict.h"
#include "cpp_server/services/prediction_service.h"
#include "cpp_server/testing/served_models.h"
#include "cpp_server/wire/wire_writer.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tensorflow_serving/apis/predict.pb.h"

namespace trilho {
namespace {

using tensorflow::TensorProto;
using tensorflow::serving::PredictRequest;
using tensorflow::serving::PredictResponse;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

class PredictErrorsTest : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    models_ = new ServedModels;
    ASSERT_TRUE(models_->Serve("half_plus_two", "half_plus_two", {1}));
    ASSERT_TRUE(models_->Serve("mnist_like", "mnist_like", {1}));
    ASSERT_TRUE(models_->Serve("defaulted", "defaulted", {1}));
    ASSERT_TRUE(models_->Serve("odd", "odd", {1}));
    ASSERT_TRUE(models_->Serve("pieces", "pieces", {1}));
  }
  static void TearDownTestSuite() {
    delete models_;
    models_ = nullptr;
  }

  // Asks half_plus_two a question that it can answer; tests spoil it.
  PredictErrorsTest() : service_(PredictionService(models_->predictor(), &hooks_)) {
    request_.mutable_model_spec()->set_name("half_plus_two");
    AddInput("x");
  }

  TensorProto* AddInput(const std::string& alias) {
    TensorProto& input = (*request_.mutable_inputs())[alias];
    input.set_dtype(tensorflow::DT_FLOAT);
    input.mutable_tensor_shape()->add_dim()->set_size(2);
    input.add_float_val(1);
    return &input;
  }
  TensorProto* x() { return &(*request_.mutable_inputs())["x"]; }

  absl::Status Error() { return Answer<PredictResponse>(service_, "Predict", request_).status(); }
  std::string Message() { return std::string(Error().message()); }

  static ServedModels* models_;
  const InferenceHooks hooks_;
  const ServiceDefinition service_;
  PredictRequest request_;
};

ServedModels* PredictErrorsTest::models_ = nullptr;

TEST_F(PredictErrorsTest, TheRequestThatIsSpoiltBelowIsAnswered) { EXPECT_TRUE(Error().ok()) << Error(); }

TEST_F(PredictErrorsTest, NoModelSpec) {
  request_.clear_model_spec();
  EXPECT_EQ(Error(), absl::InvalidArgumentError("Missing ModelSpec"));
}

TEST_F(PredictErrorsTest, NoModelName) {
  request_.mutable_model_spec()->clear_name();
  EXPECT_EQ(Error(), absl::InvalidArgumentError("ModelSpec has no name specified."));
}

TEST_F(PredictErrorsTest, UnknownModel) {
  request_.mutable_model_spec()->set_name("nobody");
  EXPECT_EQ(Error(), absl::NotFoundError("Servable not found for request: Latest(nobody)"));
}

TEST_F(PredictErrorsTest, UnknownVersion) {
  request_.mutable_model_spec()->mutable_version()->set_value(7);
  EXPECT_EQ(Error(), absl::NotFoundError("Servable not found for request: Specific(half_plus_two, 7)"));
  request_.mutable_model_spec()->mutable_version()->set_value(0);
  EXPECT_EQ(Error(), absl::NotFoundError("Servable not found for request: Specific(half_plus_two, 0)"));
}

TEST_F(PredictErrorsTest, UnknownLabel) {
  request_.mutable_model_spec()->set_version_label("stable");
  EXPECT_EQ(Error(), absl::InvalidArgumentError("Unrecognized servable version label: stable"));
}

TEST_F(PredictErrorsTest, UnknownSignature) {
  request_.mutable_model_spec()->set_signature_name("regress");
  EXPECT_EQ(Error(), absl::FailedPreconditionError(
                         "Serving signature key \"regress\" not found. (signatures: serving_default)"));
}

TEST_F(PredictErrorsTest, TooManyInputs) {
  AddInput("z");
  EXPECT_EQ(Error(), absl::InvalidArgumentError("input size does not match signature: 2!=1 len({x,z}) != len({x}). "
                                                "Sent extra: {z}. Missing but required: {}."));
}

TEST_F(PredictErrorsTest, TooFewInputs) {
  request_.clear_inputs();
  EXPECT_EQ(Error(), absl::InvalidArgumentError("input size does not match signature: 0!=1 len({}) != len({x}). "
                                                "Sent extra: {}. Missing but required: {x}."));
}

TEST_F(PredictErrorsTest, AnInputOfAnotherName) {
  request_.clear_inputs();
  AddInput("q");
  EXPECT_EQ(Error(),
            absl::InvalidArgumentError(
                "Signature input alias: x(feed name: serving_default_x:0) not found in request and no default value "
                "provided. Inputs expected to be in the request {q}, or default input alias set: "));
}

TEST_F(PredictErrorsTest, ATensorThatDoesNotParse) {
  const TensorProto good = *x();
  const std::vector<std::function<void(TensorProto*)>> spoil = {
      [](TensorProto* tensor) { tensor->set_tensor_content("12345"); },
      [](TensorProto* tensor) { tensor->mutable_tensor_shape()->mutable_dim(0)->set_size(-1); },
      [](TensorProto* tensor) { tensor->clear_dtype(); },
      [](TensorProto* tensor) { tensor->set_dtype(tensorflow::DT_VARIANT); },
  };
  for (const auto& change : spoil) {
    *x() = good;
    change(x());
    EXPECT_EQ(Error().code(), absl::StatusCode::kInvalidArgument);
    EXPECT_THAT(Message(), StartsWith("tensor parsing error: x ("));
  }
}

TEST_F(PredictErrorsTest, AnInputOfAnotherType) {
  x()->set_dtype(tensorflow::DT_INT32);
  EXPECT_EQ(Error().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(Message(), StartsWith("Expects arg[0] to be float but int32 is provided"));
  EXPECT_EQ(Message(), "Expects arg[0] to be float but int32 is provided (input \"x\")");
}

// As in TF Serving: only the graph can tell which shapes it takes.
TEST_F(PredictErrorsTest, AShapeThatTheGraphDoesNotTakeIsExplainedBehindTensorFlowsWords) {
  request_.mutable_model_spec()->set_name("odd");
  request_.mutable_model_spec()->set_signature_name("product");
  x()->mutable_tensor_shape()->add_dim()->set_size(4);
  EXPECT_EQ(Error().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(Message(), StartsWith("Matrix size-incompatible: In[0]: [2,4], In[1]: [3,2]"));
  EXPECT_THAT(Message(),
              EndsWith("; input \"x\" has shape [2,4], signature \"product\" expects [-1,3] (-1: any size)"));
  x()->mutable_tensor_shape()->mutable_dim(1)->set_size(3);
  EXPECT_TRUE(Error().ok()) << Error();
}

// Here the shapes are the signature's.
TEST_F(PredictErrorsTest, AnotherErrorOfTheGraphIsNotExplainedByShapes) {
  request_.mutable_model_spec()->set_name("mnist_like");
  request_.mutable_model_spec()->set_signature_name("positive");
  x()->set_float_val(0, -1);
  EXPECT_THAT(Message(), Not(HasSubstr("signature")));
}

TEST_F(PredictErrorsTest, EachInputOfAnotherShapeIsNamed) {
  request_.mutable_model_spec()->set_name("mnist_like");
  request_.mutable_model_spec()->set_signature_name("add");
  request_.clear_inputs();
  AddInput("a")->mutable_tensor_shape()->add_dim()->set_size(3);
  AddInput("b")->mutable_tensor_shape()->add_dim()->set_size(4);
  EXPECT_EQ(Error().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(Message(), EndsWith("; input \"a\" has shape [2,3], signature \"add\" expects [-1]; input \"b\" has "
                                  "shape [2,4], signature \"add\" expects [-1] (-1: any size)"));
}

TEST_F(PredictErrorsTest, AnInputOfAnotherShapeIsRefusedBeforeTheRunIfThatIsAskedFor) {
  SavedModelOptions options;
  options.strict_input_shapes = true;
  ServedModels strict(options);
  ASSERT_TRUE(strict.Serve("mnist_like", "mnist_like", {1}));
  const ServiceDefinition service = PredictionService(strict.predictor(), &hooks_);
  request_.mutable_model_spec()->set_name("mnist_like");
  request_.clear_inputs();
  TensorProto* image = AddInput("image_data");
  image->mutable_tensor_shape()->add_dim()->set_size(28);
  const auto error = [&] { return Answer<PredictResponse>(service, "Predict", request_).status(); };
  EXPECT_EQ(error(), absl::InvalidArgumentError("input \"image_data\" has shape [2,28], signature "
                                                "\"serving_default\" expects [-1,784] (-1: any size)"));
  image->mutable_tensor_shape()->mutable_dim(1)->set_size(784);
  EXPECT_TRUE(error().ok()) << error();
  image->mutable_tensor_shape()->add_dim()->set_size(1);
  EXPECT_EQ(error().code(), absl::StatusCode::kInvalidArgument);
}

TEST_F(PredictErrorsTest, TheSecondOfTwoInputsIsNamed) {
  request_.mutable_model_spec()->set_name("mnist_like");
  request_.mutable_model_spec()->set_signature_name("add");
  request_.clear_inputs();
  AddInput("a");
  AddInput("b")->set_dtype(tensorflow::DT_STRING);
  EXPECT_EQ(Error(), absl::InvalidArgumentError("Expects arg[1] to be float but string is provided (input \"b\")"));
}

TEST_F(PredictErrorsTest, UnknownOutput) {
  request_.add_output_filter("z");
  EXPECT_EQ(Error(), absl::InvalidArgumentError("output tensor alias not found in signature: z Outputs expected to be "
                                                "in the set {y}."));
}

TEST_F(PredictErrorsTest, AnOutputThatCannotBeSentIsNamedWithThoseThatCan) {
  const auto error = [](const std::string& output) {
    return absl::UnimplementedError(absl::StrCat(
        "output \"", output, "\" of signature \"serving_default\" cannot be sent: it is a sparse or ",
        "composite tensor; ask for others, in output_filter (Predict over gRPC) or outputs (KServe): ", "dense, more"));
  };
  request_.mutable_model_spec()->set_name("pieces");
  EXPECT_EQ(Error(), error("ragged")) << "one of all";
  request_.add_output_filter("dense");
  EXPECT_TRUE(Error().ok()) << Error();
  request_.add_output_filter("sparse");
  EXPECT_EQ(Error(), error("sparse"));
}

TEST_F(PredictErrorsTest, AnOutputTwice) {
  request_.add_output_filter("y");
  request_.add_output_filter("y");
  EXPECT_EQ(Error(), absl::InvalidArgumentError("duplicate output tensor alias: y"));
}

TEST_F(PredictErrorsTest, TheGraphsOwnErrorComesThrough) {
  request_.mutable_model_spec()->set_name("mnist_like");
  request_.mutable_model_spec()->set_signature_name("positive");
  x()->set_float_val(0, -1);
  EXPECT_EQ(Error().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(Message(), HasSubstr("x must be positive"));
}

TEST_F(PredictErrorsTest, ADeadlineThatHasPassed) {
  FakeUnaryCall call(request_.SerializeAsString());
  call.set_deadline(std::chrono::steady_clock::now() - std::chrono::seconds(1));
  EXPECT_EQ(Answer(service_, "Predict", &call).status().code(), absl::StatusCode::kDeadlineExceeded);
}

TEST_F(PredictErrorsTest, BytesThatAreNoRequest) {
  const std::string whole = request_.SerializeAsString();
  for (size_t size = 0; size < whole.size(); ++size) {
    FakeUnaryCall call(whole.substr(0, size));
    const auto answer = Answer(service_, "Predict", &call);
    PredictRequest parsed;
    if (answer.ok() || parsed.ParseFromString(whole.substr(0, size))) continue;
    EXPECT_EQ(answer.status(), absl::InvalidArgumentError("the request is not a tensorflow.serving.PredictRequest"));
  }
}

// The work that a request causes must not grow with the square of its size: this test would run into its time limit.
TEST_F(PredictErrorsTest, AMillionInputs) {
  constexpr int kInputs = 1000000;
  WireWriter writer;
  for (int i = 0; i < kInputs; ++i) {
    const std::string alias = absl::StrCat("input ", i);
    writer.BeginBytes(2, WireWriter::BytesFieldSize(1, alias.size()));
    writer.BytesField(1, alias);
  }
  FakeUnaryCall call(request_.SerializeAsString() + std::move(writer).Release());
  const auto answer = Answer(service_, "Predict", &call);
  EXPECT_EQ(answer.status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(answer.status().message().substr(0, 100)),
              StartsWith("input size does not match signature: 1000001!=1 len({"));
}

TEST_F(PredictErrorsTest, WhatMayBeLeftOutIsNamed) {
  request_.mutable_model_spec()->set_name("defaulted");
  request_.mutable_model_spec()->set_signature_name("line");
  AddInput("z");
  EXPECT_EQ(Message(), "Inputs contains invalid name. Sent extra: {z}, the signature has {offset,scale,x}.");
  request_.mutable_inputs()->erase("z");
  request_.mutable_inputs()->erase("x");
  EXPECT_EQ(Message(),
            "Signature input alias: x(feed name: line_x:0) not found in request and no default value provided. Inputs "
            "expected to be in the request {}, or default input alias set: offset,scale");
}

TEST_F(PredictErrorsTest, ASignatureOfAnotherMethodIsRefusedIfThatIsChecked) {
  SavedModelOptions options;
  options.check_method_names = true;
  ServedModels checking(options);
  ASSERT_TRUE(checking.Serve("census_like", "census_like", {1}));
  const ServiceDefinition service = PredictionService(checking.predictor(), &hooks_);
  request_.mutable_model_spec()->set_name("census_like");
  request_.mutable_model_spec()->set_signature_name("no_method");
  EXPECT_EQ(Answer<PredictResponse>(service, "Predict", request_).status(),
            absl::InternalError("Expected prediction signature method_name to be one of {tensorflow/serving/predict, "
                                "tensorflow/serving/classify, tensorflow/serving/regress}. Was: acme/rank"));
}

}  // namespace
}  // namespace trilho

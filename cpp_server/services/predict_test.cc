// PredictionService.Predict on requests that have an answer.

#include "cpp_server/services/predict.h"

#include <string>
#include <vector>

#include "cpp_server/rpc/fake_unary_call.h"
#include "cpp_server/services/prediction_service.h"
#include "cpp_server/testing/served_models.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tensorflow_serving/apis/predict.pb.h"

namespace trilho {
namespace {

using tensorflow::TensorProto;
using tensorflow::serving::PredictRequest;
using tensorflow::serving::PredictResponse;
using ::testing::ElementsAre;
using ::testing::ElementsAreArray;

TensorProto Floats(const std::vector<float>& values) {
  TensorProto proto;
  proto.set_dtype(tensorflow::DT_FLOAT);
  proto.mutable_tensor_shape()->add_dim()->set_size(static_cast<int64_t>(values.size()));
  for (float value : values) proto.add_float_val(value);
  return proto;
}

std::vector<std::string> OutputNames(const PredictResponse& response) {
  std::vector<std::string> names;
  for (const auto& output : response.outputs()) names.push_back(output.first);
  std::sort(names.begin(), names.end());
  return names;
}

class PredictTest : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    models_ = new ServedModels;
    ASSERT_TRUE(models_->Serve("half_plus_two", "half_plus_two", {1, 2}));
    ASSERT_TRUE(models_->Serve("defaulted", "defaulted", {1}));
    ASSERT_TRUE(models_->Serve("mnist_like", "mnist_like", {1}));
    ASSERT_TRUE(models_->Serve("odd", "odd", {1}));
    ASSERT_TRUE(models_->Serve("pieces", "pieces", {1}));
  }
  static void TearDownTestSuite() {
    delete models_;
    models_ = nullptr;
  }

  PredictTest() : service_(PredictionService(models_->predictor(), &hooks_)) {
    request_.mutable_model_spec()->set_name("half_plus_two");
    (*request_.mutable_inputs())["x"] = Floats({4, -4});
  }

  // "add" of a = 10 and b = 3.
  void AskToAdd() {
    request_.Clear();
    request_.mutable_model_spec()->set_name("mnist_like");
    request_.mutable_model_spec()->set_signature_name("add");
    (*request_.mutable_inputs())["a"] = Floats({10});
    (*request_.mutable_inputs())["b"] = Floats({3});
  }

  PredictResponse Predict() {
    const auto response = Answer<PredictResponse>(service_, "Predict", request_);
    EXPECT_TRUE(response.ok()) << response.status();
    return response.ok() ? *response : PredictResponse();
  }

  static ServedModels* models_;
  const InferenceHooks hooks_;
  const ServiceDefinition service_;
  PredictRequest request_;
};

ServedModels* PredictTest::models_ = nullptr;

TEST_F(PredictTest, TheLatestVersionAnswersUnlessOneIsAskedFor) {
  EXPECT_THAT(Predict().outputs().at("y").float_val(), ElementsAre(5, 1));
  request_.mutable_model_spec()->mutable_version()->set_value(1);
  EXPECT_THAT(Predict().outputs().at("y").float_val(), ElementsAre(4, 0));
  request_.mutable_model_spec()->mutable_version()->set_value(2);
  EXPECT_THAT(Predict().outputs().at("y").float_val(), ElementsAre(5, 1));
}

TEST_F(PredictTest, SaysWhichModelVersionAndSignatureAnswered) {
  const PredictResponse latest = Predict();
  EXPECT_EQ(latest.model_spec().name(), "half_plus_two");
  EXPECT_EQ(latest.model_spec().version().value(), 2);
  EXPECT_EQ(latest.model_spec().signature_name(), "serving_default");
  AskToAdd();
  const PredictResponse add = Predict();
  EXPECT_EQ(add.model_spec().name(), "mnist_like");
  EXPECT_EQ(add.model_spec().version().value(), 1);
  EXPECT_EQ(add.model_spec().signature_name(), "add");
}

TEST_F(PredictTest, AnswersInTypedFieldsAsTFServingDoes) {
  const TensorProto y = Predict().outputs().at("y");
  EXPECT_EQ(y.dtype(), tensorflow::DT_FLOAT);
  ASSERT_EQ(y.tensor_shape().dim_size(), 1);
  EXPECT_EQ(y.tensor_shape().dim(0).size(), 2);
  EXPECT_EQ(y.float_val_size(), 2);
  EXPECT_EQ(y.tensor_content(), "");
}

TEST_F(PredictTest, TakesTensorContent) {
  TensorProto x = Floats({4, -4});
  const std::vector<float> values = {8, 0};
  x.set_tensor_content(values.data(), values.size() * sizeof(float));
  x.clear_float_val();
  (*request_.mutable_inputs())["x"] = x;
  EXPECT_THAT(Predict().outputs().at("y").float_val(), ElementsAre(7, 3));
}

TEST_F(PredictTest, TakesFewerValuesThanElements) {
  (*request_.mutable_inputs())["x"].mutable_tensor_shape()->mutable_dim(0)->set_size(4);
  EXPECT_THAT(Predict().outputs().at("y").float_val(), ElementsAre(5, 1, 1, 1));
  (*request_.mutable_inputs())["x"].clear_float_val();
  EXPECT_THAT(Predict().outputs().at("y").float_val(), ElementsAre(3, 3, 3, 3));
}

TEST_F(PredictTest, TakesAnEmptyBatch) {
  (*request_.mutable_inputs())["x"] = Floats({});
  const TensorProto y = Predict().outputs().at("y");
  EXPECT_EQ(y.tensor_shape().dim(0).size(), 0);
  EXPECT_EQ(y.float_val_size(), 0);
}

// TF Serving's half_plus_two declares x as [-1,1] and is asked with [3] in its documentation.
TEST_F(PredictTest, TakesEveryShapeThatTheGraphTakes) {
  request_.mutable_model_spec()->set_name("odd");
  struct Case {
    std::vector<int64_t> sent;
    std::vector<float> values;
    std::vector<float> expected;
  };
  const std::vector<Case> cases = {
      {{1, 1}, {1}, {2.5}},
      {{3}, {1, 2, 5}, {2.5, 3, 4.5}},
      {{1}, {2}, {3}},
      {{}, {2}, {3}},
      {{2, 3}, {0, 2, 4, 6, 8, 10}, {2, 3, 4, 5, 6, 7}},
      // Filled from its only value.
      {{5}, {4}, {4, 4, 4, 4, 4}},
  };
  for (const Case& c : cases) {
    TensorProto x = Floats(c.values);
    x.mutable_tensor_shape()->clear_dim();
    for (const int64_t size : c.sent) x.mutable_tensor_shape()->add_dim()->set_size(size);
    (*request_.mutable_inputs())["x"] = x;
    const PredictResponse response = Predict();
    ASSERT_EQ(response.outputs().count("y"), 1u);
    const TensorProto& y = response.outputs().at("y");
    std::vector<int64_t> answered;
    for (const auto& dim : y.tensor_shape().dim()) answered.push_back(dim.size());
    EXPECT_EQ(answered, c.sent);
    EXPECT_THAT(y.float_val(), ElementsAreArray(c.expected));
  }
}

// A ragged and a sparse one, which no TensorProto holds.
TEST_F(PredictTest, GivesOutputsBesideThoseThatCannotBeSent) {
  request_.mutable_model_spec()->set_name("pieces");
  // The sizes of the ragged one's rows, which are not negative.
  (*request_.mutable_inputs())["x"] = Floats({4, 2});
  request_.add_output_filter("more");
  EXPECT_THAT(OutputNames(Predict()), ElementsAre("more"));
  request_.add_output_filter("dense");
  const PredictResponse response = Predict();
  EXPECT_THAT(OutputNames(response), ElementsAre("dense", "more"));
  EXPECT_THAT(response.outputs().at("dense").float_val(), ElementsAre(2, 1));
  EXPECT_THAT(response.outputs().at("more").float_val(), ElementsAre(5, 3));
}

TEST_F(PredictTest, GivesEveryOutputUnlessTheyAreFiltered) {
  AskToAdd();
  PredictResponse response = Predict();
  EXPECT_THAT(OutputNames(response), ElementsAre("difference", "sum"));
  EXPECT_THAT(response.outputs().at("sum").float_val(), ElementsAre(13));
  EXPECT_THAT(response.outputs().at("difference").float_val(), ElementsAre(7));
  request_.add_output_filter("difference");
  response = Predict();
  EXPECT_THAT(OutputNames(response), ElementsAre("difference"));
  EXPECT_THAT(response.outputs().at("difference").float_val(), ElementsAre(7));
  request_.add_output_filter("sum");
  EXPECT_THAT(OutputNames(Predict()), ElementsAre("difference", "sum"));
}

TEST_F(PredictTest, InputsWithADefaultMayBeLeftOut) {
  request_.Clear();
  request_.mutable_model_spec()->set_name("defaulted");
  request_.mutable_model_spec()->set_signature_name("line");
  (*request_.mutable_inputs())["x"] = Floats({1, 2});
  EXPECT_THAT(Predict().outputs().at("y").float_val(), ElementsAre(3, 5));
  TensorProto& scale = (*request_.mutable_inputs())["scale"];
  scale.set_dtype(tensorflow::DT_FLOAT);
  scale.mutable_tensor_shape();
  scale.add_float_val(-1);
  EXPECT_THAT(Predict().outputs().at("y").float_val(), ElementsAre(0, -1));
}

TEST_F(PredictTest, TakesAndGivesStrings) {
  request_.Clear();
  request_.mutable_model_spec()->set_name("mnist_like");
  request_.mutable_model_spec()->set_signature_name("upper");
  TensorProto& text = (*request_.mutable_inputs())["text"];
  text.set_dtype(tensorflow::DT_STRING);
  text.mutable_tensor_shape()->add_dim()->set_size(2);
  text.add_string_val("um");
  text.add_string_val(std::string(5000, 'x'));
  EXPECT_THAT(Predict().outputs().at("text").string_val(), ElementsAre("UM", std::string(5000, 'X')));
}

// A tensor of each type goes through the model and comes back as it was sent.
TEST_F(PredictTest, TakesAndGivesEveryType) {
  request_.Clear();
  request_.mutable_model_spec()->set_name("mnist_like");
  request_.mutable_model_spec()->set_signature_name("echo");
  const auto input = [this](const std::string& name, tensorflow::DataType type) {
    TensorProto& proto = (*request_.mutable_inputs())[name];
    proto.set_dtype(type);
    proto.mutable_tensor_shape()->add_dim()->set_size(1);
    return &proto;
  };
  input("float32", tensorflow::DT_FLOAT)->add_float_val(-0.5f);
  input("float64", tensorflow::DT_DOUBLE)->add_double_val(1e300);
  input("float16", tensorflow::DT_HALF)->add_half_val(0x3c01);
  input("bfloat16", tensorflow::DT_BFLOAT16)->add_half_val(0x3f81);
  input("int8", tensorflow::DT_INT8)->add_int_val(-128);
  input("int16", tensorflow::DT_INT16)->add_int_val(-32768);
  input("int32", tensorflow::DT_INT32)->add_int_val(-2147483647 - 1);
  input("int64", tensorflow::DT_INT64)->add_int64_val(-(int64_t{1} << 62));
  input("uint8", tensorflow::DT_UINT8)->add_int_val(255);
  input("uint16", tensorflow::DT_UINT16)->add_int_val(65535);
  input("uint32", tensorflow::DT_UINT32)->add_uint32_val(4294967295u);
  input("uint64", tensorflow::DT_UINT64)->add_uint64_val(~uint64_t{0});
  input("bool", tensorflow::DT_BOOL)->add_bool_val(true);
  TensorProto* complex64 = input("complex64", tensorflow::DT_COMPLEX64);
  complex64->add_scomplex_val(1);
  complex64->add_scomplex_val(-2);
  TensorProto* complex128 = input("complex128", tensorflow::DT_COMPLEX128);
  complex128->add_dcomplex_val(1);
  complex128->add_dcomplex_val(-2);
  input("string", tensorflow::DT_STRING)->add_string_val("bytes");

  const PredictResponse response = Predict();
  ASSERT_EQ(response.outputs_size(), request_.inputs_size());
  for (const auto& sent : request_.inputs()) {
    ASSERT_EQ(response.outputs().count(sent.first), 1u) << sent.first;
    EXPECT_EQ(response.outputs().at(sent.first).DebugString(), sent.second.DebugString()) << sent.first;
  }
}

// Protobuf's rule for maps.
TEST_F(PredictTest, TheLastOfTwoInputsOfOneNameCounts) {
  PredictRequest other;
  (*other.mutable_inputs())["x"] = Floats({100});
  FakeUnaryCall call(request_.SerializeAsString() + other.SerializeAsString());
  const auto bytes = Answer(service_, "Predict", &call);
  ASSERT_TRUE(bytes.ok()) << bytes.status();
  PredictResponse response;
  ASSERT_TRUE(response.ParseFromString(*bytes));
  EXPECT_THAT(response.outputs().at("y").float_val(), ElementsAre(53));
}

TEST_F(PredictTest, IgnoresFieldsOfStreamingAndOfTheClient) {
  request_.mutable_predict_streamed_options()->set_request_state(
      tensorflow::serving::PredictStreamedOptions_RequestState_SPLIT);
  request_.set_client_id("somebody");
  EXPECT_THAT(Predict().outputs().at("y").float_val(), ElementsAre(5, 1));
}

TEST_F(PredictTest, RunsModelsOnTheDataPlane) {
  for (const UnaryMethod& method : service_.methods) {
    EXPECT_EQ(method.plane, method.name == "GetModelMetadata" ? Plane::kControl : Plane::kData) << method.name;
  }
}

}  // namespace
}  // namespace trilho

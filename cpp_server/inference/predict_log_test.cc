#include "cpp_server/inference/predict_log.h"

#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "cpp_server/inference/fake_request_logger.h"
#include "gtest/gtest.h"
#include "tensorflow_serving/apis/predict.pb.h"

namespace trilho {
namespace {

using tensorflow::serving::PredictRequest;
using tensorflow::serving::PredictResponse;

class PredictLogTest : public ::testing::Test {
 protected:
  PredictLogTest() {
    signature_.name = "add";
    for (const char* const alias : {"a", "b"}) {
      signature_.inputs.emplace_back().alias = alias;
      inputs_.push_back(Number(alias[0]));
    }
    for (const char* const alias : {"sum", "difference"}) signature_.outputs.emplace_back().alias = alias;
  }

  static Tensor Number(float value) {
    auto tensor = Tensor::Allocate(TF_FLOAT, {1});
    EXPECT_TRUE(tensor.ok()) << tensor.status();
    *tensor->data<float>() = value;
    return *std::move(tensor);
  }

  // Runs `model`, which ends with `result`, and answers; returns the number of times that its caller was told.
  int Run(const std::string& model, absl::StatusOr<RunResult> result) {
    int told = 0;
    const bool ok = result.ok();
    RequestLogEntry entry(&logger_);
    const RunDone done =
        KeepAsPredict(&entry, model, 7, signature_, inputs_, {1}, [&told, ok](const absl::StatusOr<RunResult>& end) {
          EXPECT_EQ(end.ok(), ok);
          ++told;
        });
    done(std::move(result));
    EXPECT_EQ(logger_.calls(), 0) << "it is not answered yet";
    entry.Log(model);
    return told;
  }

  RunResult Answer() {
    RunResult result;
    result.outputs.push_back(Number(3));
    return result;
  }

  FakeRequestLogger logger_;
  Signature signature_;
  std::vector<Tensor> inputs_;
};

TEST_F(PredictLogTest, ARunThatThereIsNoMemoryToLogIsAnswered) {
  logger_.RunOutOfMemory();
  EXPECT_EQ(Run("sampled", Answer()), 1);
  EXPECT_EQ(logger_.calls(), 1);
}

TEST_F(PredictLogTest, ARunIsLoggedWithAllThatAPredictWouldHave) {
  EXPECT_EQ(Run("sampled", Answer()), 1);
  const auto logged = logger_.logged();
  ASSERT_EQ(logged.size(), 1U);
  EXPECT_EQ(logged[0].kind, PredictionLogField::kPredict);
  EXPECT_EQ(logged[0].model, "sampled");
  PredictRequest request;
  ASSERT_TRUE(request.ParseFromString(logged[0].request));
  EXPECT_EQ(request.model_spec().name(), "sampled");
  EXPECT_EQ(request.model_spec().signature_name(), "add");
  EXPECT_FALSE(request.model_spec().has_version()) << "whatever version it is replayed to";
  ASSERT_EQ(request.inputs_size(), 2);
  EXPECT_EQ(request.inputs().at("a").tensor_content(), std::string("\0\0\xc2\x42", 4)) << "97";
  EXPECT_EQ(request.inputs().at("b").tensor_shape().dim(0).size(), 1);
  PredictResponse response;
  ASSERT_TRUE(response.ParseFromString(logged[0].response));
  EXPECT_EQ(response.model_spec().version().value(), 7);
  ASSERT_EQ(response.outputs_size(), 1) << "those that were asked for";
  EXPECT_EQ(response.outputs().at("difference").tensor_content(), std::string("\0\0\x40\x40", 4)) << "3";
}

TEST_F(PredictLogTest, WhatIsNotSampledOrFailsIsNot) {
  EXPECT_EQ(Run("unlogged", Answer()), 1);
  EXPECT_EQ(Run("sampled", absl::InternalError("broken")), 1);
  EXPECT_EQ(logger_.calls(), 0);
}

}  // namespace
}  // namespace trilho

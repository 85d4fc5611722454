#include "cpp_server/inference/predict_log.h"

#include <new>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "gtest/gtest.h"
#include "tensorflow_serving/apis/predict.pb.h"

namespace trilho {
namespace {

using tensorflow::serving::PredictRequest;
using tensorflow::serving::PredictResponse;

// Keeps what it gets.
class Logger final : public RequestLogger {
 public:
  bool Samples(absl::string_view model) const override { return model == "sampled"; }
  void Log(PredictionLogField kind, absl::string_view model, absl::string_view request,
           absl::string_view response) const override {
    EXPECT_EQ(kind, PredictionLogField::kPredict);
    EXPECT_EQ(model, "sampled");
    ++logged;
    if (out_of_memory) throw std::bad_alloc();
    EXPECT_TRUE(last_request.ParseFromString(std::string(request)));
    EXPECT_TRUE(last_response.ParseFromString(std::string(response)));
  }

  bool out_of_memory = false;
  mutable int logged = 0;
  mutable PredictRequest last_request;
  mutable PredictResponse last_response;
};

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

  // A run of `model` that ends with `result`; the number of times that its caller was told.
  int Run(const std::string& model, absl::StatusOr<RunResult> result) {
    int told = 0;
    const bool ok = result.ok();
    const RunDone done =
        LogAsPredict(&logger_, model, 7, signature_, inputs_, {1}, [&told, ok](const absl::StatusOr<RunResult>& end) {
          EXPECT_EQ(end.ok(), ok);
          ++told;
        });
    done(std::move(result));
    return told;
  }

  RunResult Answer() {
    RunResult result;
    result.outputs.push_back(Number(3));
    return result;
  }

  Logger logger_;
  Signature signature_;
  std::vector<Tensor> inputs_;
};

TEST_F(PredictLogTest, ARunThatThereIsNoMemoryToLogIsAnswered) {
  logger_.out_of_memory = true;
  EXPECT_EQ(Run("sampled", Answer()), 1);
  EXPECT_EQ(logger_.logged, 1);
}

TEST_F(PredictLogTest, ARunIsLoggedWithAllThatAPredictWouldHave) {
  EXPECT_EQ(Run("sampled", Answer()), 1);
  ASSERT_EQ(logger_.logged, 1);
  const PredictRequest& request = logger_.last_request;
  EXPECT_EQ(request.model_spec().name(), "sampled");
  EXPECT_EQ(request.model_spec().signature_name(), "add");
  EXPECT_FALSE(request.model_spec().has_version()) << "whatever version it is replayed to";
  ASSERT_EQ(request.inputs_size(), 2);
  EXPECT_EQ(request.inputs().at("a").tensor_content(), std::string("\0\0\xc2\x42", 4)) << "97";
  EXPECT_EQ(request.inputs().at("b").tensor_shape().dim(0).size(), 1);
  const PredictResponse& response = logger_.last_response;
  EXPECT_EQ(response.model_spec().version().value(), 7);
  ASSERT_EQ(response.outputs_size(), 1) << "those that were asked for";
  EXPECT_EQ(response.outputs().at("difference").tensor_content(), std::string("\0\0\x40\x40", 4)) << "3";
}

TEST_F(PredictLogTest, WhatIsNotSampledOrFailsIsNot) {
  EXPECT_EQ(Run("other", Answer()), 1);
  EXPECT_EQ(Run("sampled", absl::InternalError("broken")), 1);
  EXPECT_EQ(logger_.logged, 0);
}

}  // namespace
}  // namespace trilho

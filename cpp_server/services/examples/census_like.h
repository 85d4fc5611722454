// Asking the test model census_like, for tests.

#ifndef TRILHO_CPP_SERVER_SERVICES_EXAMPLES_CENSUS_LIKE_H_
#define TRILHO_CPP_SERVER_SERVICES_EXAMPLES_CENSUS_LIKE_H_

#include <future>
#include <string>
#include <utility>

#include "absl/status/statusor.h"
#include "cpp_server/inference/inference_record.h"
#include "cpp_server/inference/predictor.h"
#include "cpp_server/services/examples/classify.h"
#include "cpp_server/services/examples/multi_inference.h"
#include "cpp_server/services/examples/regress.h"
#include "cpp_server/testing/served_models.h"
#include "gtest/gtest.h"
#include "tensorflow/core/example/example.pb.h"
#include "tensorflow_serving/apis/input.pb.h"

namespace trilho {

inline tensorflow::Example XExample(float x) {
  tensorflow::Example example;
  (*example.mutable_features()->mutable_feature())["x"].mutable_float_list()->add_value(x);
  return example;
}

inline tensorflow::Example NameExample(const std::string& name) {
  tensorflow::Example example;
  (*example.mutable_features()->mutable_feature())["name"].mutable_bytes_list()->add_value(name);
  return example;
}

inline tensorflow::Example XAndNameExample(float x, const std::string& name) {
  tensorflow::Example example = XExample(x);
  example.MergeFrom(NameExample(name));
  return example;
}

inline void AddExample(const tensorflow::Example& example, tensorflow::serving::Input* input) {
  *input->mutable_example_list()->add_examples() = example;
}

// Serves census_like versions 1 and 2, half_plus_two and mnist_like for all
// tests of a suite.
class CensusLikeTest : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    models_ = new ServedModels;
    ASSERT_TRUE(models_->Serve("census_like", "census_like", {1, 2}));
    ASSERT_TRUE(models_->Serve("half_plus_two", "half_plus_two", {1}));
    ASSERT_TRUE(models_->Serve("mnist_like", "mnist_like", {1}));
  }
  static void TearDownTestSuite() {
    delete models_;
    models_ = nullptr;
  }

  // Each asks with bytes or an ExamplesRequest, and waits for the answer.
  template <typename Request>
  absl::StatusOr<tensorflow::serving::ClassificationResponse> AskToClassify(const Request& request) {
    std::promise<absl::StatusOr<tensorflow::serving::ClassificationResponse>> answer;
    record_ = InferenceRecord();
    Classify(*models_->predictor(), request, context_, &record_,
             [&answer](auto response) { answer.set_value(std::move(response)); });
    return answer.get_future().get();
  }
  template <typename Request>
  absl::StatusOr<tensorflow::serving::RegressionResponse> AskToRegress(const Request& request) {
    std::promise<absl::StatusOr<tensorflow::serving::RegressionResponse>> answer;
    record_ = InferenceRecord();
    Regress(*models_->predictor(), request, context_, &record_,
            [&answer](auto response) { answer.set_value(std::move(response)); });
    return answer.get_future().get();
  }
  absl::StatusOr<tensorflow::serving::MultiInferenceResponse> AskForBoth(absl::string_view request) {
    std::promise<absl::StatusOr<tensorflow::serving::MultiInferenceResponse>> answer;
    record_ = InferenceRecord();
    MultiInference(*models_->predictor(), request, context_, &record_,
                   [&answer](auto response) { answer.set_value(std::move(response)); });
    return answer.get_future().get();
  }

  static ServedModels* models_;
  CallContext context_;
  // Of the last call.
  InferenceRecord record_;
};

inline ServedModels* CensusLikeTest::models_ = nullptr;

}  // namespace trilho

#endif  // TRILHO_CPP_SERVER_SERVICES_EXAMPLES_CENSUS_LIKE_H_

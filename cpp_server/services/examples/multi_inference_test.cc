// PredictionService.MultiInference: answers and refusals.

#include "cpp_server/services/examples/multi_inference.h"

#include <string>

#include "cpp_server/services/examples/census_like.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace trilho {
namespace {

using tensorflow::serving::InferenceResult;
using tensorflow::serving::MultiInferenceRequest;
using tensorflow::serving::MultiInferenceResponse;
using ::testing::HasSubstr;
using ::testing::StartsWith;

class MultiInferenceTest : public CensusLikeTest {
 protected:
  MultiInferenceTest() {
    AddExample(XAndNameExample(4, "ana"), request_.mutable_input());
    AddExample(XAndNameExample(-4, "bia"), request_.mutable_input());
  }

  void AddTask(const std::string& signature, const std::string& method) {
    auto* task = request_.add_tasks();
    task->mutable_model_spec()->set_name("census_like");
    task->mutable_model_spec()->set_signature_name(signature);
    task->set_method_name("tensorflow/serving/" + method);
  }

  MultiInferenceResponse Ask() {
    auto response = AskForBoth(request_.SerializeAsString());
    EXPECT_TRUE(response.ok()) << response.status();
    return response.ok() ? *std::move(response) : MultiInferenceResponse();
  }
  absl::Status Error() { return AskForBoth(request_.SerializeAsString()).status(); }

  static void ExpectClasses(const InferenceResult& result) {
    ASSERT_EQ(result.classification_result().classifications_size(), 2);
    const auto& second = result.classification_result().classifications(1);
    ASSERT_EQ(second.classes_size(), 2);
    EXPECT_EQ(second.classes(0).label(), "bia no");
    EXPECT_EQ(second.classes(1).label(), "bia yes");
    EXPECT_EQ(second.classes(0).score(), -4);
    EXPECT_EQ(second.classes(1).score(), -1);
  }
  static void ExpectValues(const InferenceResult& result) {
    ASSERT_EQ(result.regression_result().regressions_size(), 2);
    EXPECT_EQ(result.regression_result().regressions(0).value(), 5);
    EXPECT_EQ(result.regression_result().regressions(1).value(), 1);
  }

  MultiInferenceRequest request_;
};

TEST_F(MultiInferenceTest, AnswersTasksInTheirOrder) {
  AddTask("regress", "regress");
  AddTask("classify", "classify");
  const MultiInferenceResponse response = Ask();
  ASSERT_EQ(response.results_size(), 2);
  ExpectValues(response.results(0));
  ExpectClasses(response.results(1));
}

TEST_F(MultiInferenceTest, SaysWhichSignatureAnsweredEachTask) {
  AddTask("", "classify");
  AddTask("regress", "regress");
  const MultiInferenceResponse response = Ask();
  ASSERT_EQ(response.results_size(), 2);
  for (const auto& result : response.results()) {
    EXPECT_EQ(result.model_spec().name(), "census_like");
    EXPECT_EQ(result.model_spec().version().value(), 2);
  }
  EXPECT_EQ(response.results(0).model_spec().signature_name(), "serving_default");
  EXPECT_EQ(response.results(1).model_spec().signature_name(), "regress");
  EXPECT_EQ(record_.model, "census_like");
  EXPECT_EQ(record_.version, 2);
  EXPECT_EQ(record_.signature, "regress,serving_default");
  EXPECT_EQ(record_.examples, 2);
  EXPECT_GT(record_.times.run, 0);
}

TEST_F(MultiInferenceTest, OneTaskWillDo) {
  AddTask("regress", "regress");
  MultiInferenceResponse response = Ask();
  ASSERT_EQ(response.results_size(), 1);
  ExpectValues(response.results(0));
  request_.clear_tasks();
  AddTask("classify", "classify");
  response = Ask();
  ASSERT_EQ(response.results_size(), 1);
  ExpectClasses(response.results(0));
}

// As tf.saved_model.save writes them; signatures of an Estimator share one.
TEST_F(MultiInferenceTest, SignaturesMayHaveInputTensorsOfTheirOwn) {
  AddTask("classify", "classify");
  AddTask("regress_apart", "regress");
  const MultiInferenceResponse response = Ask();
  ASSERT_EQ(response.results_size(), 2);
  ExpectClasses(response.results(0));
  ExpectValues(response.results(1));
}

TEST_F(MultiInferenceTest, SignaturesMayShareOutputTensors) {
  AddTask("classify_scores_only", "classify");
  AddTask("regress_flat", "regress");
  AddTask("classify", "classify");
  AddTask("regress", "regress");
  const MultiInferenceResponse response = Ask();
  ASSERT_EQ(response.results_size(), 4);
  EXPECT_EQ(response.results(0).classification_result().classifications(1).classes(1).score(), -1);
  EXPECT_EQ(response.results(0).classification_result().classifications(1).classes(1).label(), "");
  ExpectValues(response.results(1));
  ExpectClasses(response.results(2));
  ExpectValues(response.results(3));
}

TEST_F(MultiInferenceTest, TheFirstTaskSaysWhichVersionAnswers) {
  AddTask("regress", "regress");
  AddTask("regress_flat", "regress");
  request_.mutable_tasks(0)->mutable_model_spec()->mutable_version()->set_value(1);
  const MultiInferenceResponse response = Ask();
  ASSERT_EQ(response.results_size(), 2);
  for (const auto& result : response.results()) {
    EXPECT_EQ(result.model_spec().version().value(), 1);
    EXPECT_EQ(result.regression_result().regressions(0).value(), 4);
  }
}

TEST_F(MultiInferenceTest, MergesTheContextIntoEachExample) {
  AddTask("classify", "classify");
  AddTask("regress_apart", "regress");
  auto* list = request_.mutable_input()->mutable_example_list_with_context();
  *list->mutable_context() = XAndNameExample(4, "ana");
  list->add_examples();
  *list->add_examples() = XAndNameExample(-4, "bia");
  const MultiInferenceResponse response = Ask();
  ASSERT_EQ(response.results_size(), 2);
  ExpectClasses(response.results(0));
  ExpectValues(response.results(1));
}

TEST_F(MultiInferenceTest, NeedsATaskWithAModelName) {
  EXPECT_EQ(Error(), absl::InvalidArgumentError("ModelSpec has no name specified."));
  request_.add_tasks();
  EXPECT_EQ(Error(), absl::InvalidArgumentError("ModelSpec has no name specified."));
  request_.clear_tasks();
  AddTask("classify", "classify");
  request_.add_tasks();
  EXPECT_EQ(Error(), absl::InvalidArgumentError("Found ModelSpec with an empty model name."));
}

TEST_F(MultiInferenceTest, NeedsOneModelThatIsServed) {
  AddTask("classify", "classify");
  AddTask("regress", "regress");
  request_.mutable_tasks(1)->mutable_model_spec()->set_name("half_plus_two");
  EXPECT_EQ(Error(),
            absl::InvalidArgumentError("All ModelSpecs in a MultiInferenceRequest must access the same model name."));
  request_.mutable_tasks(0)->mutable_model_spec()->set_name("nobody");
  EXPECT_EQ(Error(), absl::NotFoundError("Servable not found for request: Latest(nobody)"));
  EXPECT_EQ(record_.model, "nobody");
}

TEST_F(MultiInferenceTest, NeedsSignaturesThatDiffer) {
  AddTask("classify", "classify");
  AddTask("classify", "regress");
  EXPECT_EQ(Error(), absl::InvalidArgumentError("Duplicate evaluation of signature: classify"));
  request_.clear_tasks();
  AddTask("serving_default", "classify");
  AddTask("", "classify");
  EXPECT_EQ(Error(), absl::InvalidArgumentError("Duplicate evaluation of signature: serving_default"));
}

TEST_F(MultiInferenceTest, NeedsSignaturesThatExist) {
  AddTask("classify", "classify");
  AddTask("none", "classify");
  EXPECT_EQ(Error(), absl::InvalidArgumentError("Requested signature not found in model graph: none"));
}

TEST_F(MultiInferenceTest, KnowsTwoMethods) {
  AddTask("classify", "classify");
  AddTask("regress", "predict");
  EXPECT_EQ(Error(), absl::UnimplementedError("Unsupported signature method_name: tensorflow/serving/predict"));
  request_.mutable_tasks(1)->clear_method_name();
  EXPECT_EQ(Error(), absl::UnimplementedError("Unsupported signature method_name: "));
}

TEST_F(MultiInferenceTest, NeedsSignaturesThatFitTheMethod) {
  AddTask("classify", "regress");
  EXPECT_EQ(Error(), absl::InvalidArgumentError("Expected one output Tensor."));
  request_.clear_tasks();
  AddTask("classify", "classify");
  AddTask("regress", "classify");
  EXPECT_THAT(std::string(Error().message()), StartsWith("Expected classification signature outputs to contain at "));
}

TEST_F(MultiInferenceTest, NeedsOutputsThatFitTheMethod) {
  AddTask("classify", "classify");
  AddTask("regress_strings", "regress");
  EXPECT_EQ(Error(), absl::InvalidArgumentError("Expected output Tensor of DT_FLOAT.  Got: DT_STRING"));
}

TEST_F(MultiInferenceTest, NeedsExamples) {
  AddTask("classify", "classify");
  AddTask("regress", "regress");
  request_.clear_input();
  EXPECT_EQ(Error(), absl::InvalidArgumentError("Input is empty."));
  AddExample(NameExample("ana"), request_.mutable_input());
  EXPECT_EQ(Error().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(Error().message()), HasSubstr("Feature: x (data type: float) is required"));
}

// One signature takes examples and the other floats: all inputs get the examples.
TEST_F(MultiInferenceTest, NeedsInputsThatTakeExamples) {
  AddTask("classify", "classify");
  AddTask("regress_floats", "regress");
  EXPECT_THAT(std::string(Error().message()), StartsWith("Expects arg[1] to be float but string is provided"));
}

TEST_F(MultiInferenceTest, RefusesBytesThatAreNoRequest) {
  AddTask("classify", "classify");
  AddTask("regress", "regress");
  const std::string whole = request_.SerializeAsString();
  for (size_t size = 0; size < whole.size(); ++size) {
    const auto answer = AskForBoth(whole.substr(0, size));
    MultiInferenceRequest parsed;
    if (answer.ok() || parsed.ParseFromString(whole.substr(0, size))) continue;
    EXPECT_EQ(answer.status(),
              absl::InvalidArgumentError("the request is not a tensorflow.serving.MultiInferenceRequest"))
        << size;
  }
}

// Memory and time for a task that is not run must not add up: this test would run into its time limit.
TEST_F(MultiInferenceTest, AMillionTasks) {
  for (int i = 0; i < 1000000; ++i) AddTask("regress", "regress");
  EXPECT_EQ(Error(), absl::InvalidArgumentError("Duplicate evaluation of signature: regress"));
}

}  // namespace
}  // namespace trilho

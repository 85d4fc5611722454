// Classify and Regress on requests that have no answer: TF Serving's codes and
// texts, behind which details may be added.

#include <atomic>
#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "cpp_server/services/examples/census_like.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace trilho {
namespace {

using tensorflow::serving::ClassificationRequest;
using tensorflow::serving::RegressionRequest;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::StartsWith;

class ExampleErrorsTest : public CensusLikeTest {
 protected:
  // Questions that can be answered; tests spoil them.
  ExampleErrorsTest() {
    classify_.mutable_model_spec()->set_name("census_like");
    classify_.mutable_model_spec()->set_signature_name("classify");
    regress_.mutable_model_spec()->set_name("census_like");
    regress_.mutable_model_spec()->set_signature_name("regress");
    for (auto* input : {classify_.mutable_input(), regress_.mutable_input()}) {
      AddExample(XExample(1), input);
      AddExample(XExample(2), input);
      AddExample(XExample(3), input);
    }
  }

  absl::Status ClassifyError() { return AskToClassify(classify_.SerializeAsString()).status(); }
  absl::Status RegressError() { return AskToRegress(regress_.SerializeAsString()).status(); }
  absl::Status ClassifyError(const std::string& model, const std::string& signature) {
    classify_.mutable_model_spec()->set_name(model);
    classify_.mutable_model_spec()->set_signature_name(signature);
    return ClassifyError();
  }
  absl::Status RegressError(const std::string& model, const std::string& signature) {
    regress_.mutable_model_spec()->set_name(model);
    regress_.mutable_model_spec()->set_signature_name(signature);
    return RegressError();
  }

  void ExpectBoth(const absl::Status& expected) {
    EXPECT_EQ(ClassifyError(), expected);
    EXPECT_EQ(RegressError(), expected);
  }

  ClassificationRequest classify_;
  RegressionRequest regress_;
};

TEST_F(ExampleErrorsTest, TheRequestsThatAreSpoiltBelowAreAnswered) { ExpectBoth(absl::OkStatus()); }

TEST_F(ExampleErrorsTest, NoModelSpec) {
  classify_.clear_model_spec();
  regress_.clear_model_spec();
  ExpectBoth(absl::InvalidArgumentError("Missing ModelSpec"));
}

TEST_F(ExampleErrorsTest, NoModelName) {
  classify_.mutable_model_spec()->clear_name();
  regress_.mutable_model_spec()->clear_name();
  ExpectBoth(absl::InvalidArgumentError("ModelSpec has no name specified."));
}

TEST_F(ExampleErrorsTest, UnknownModel) {
  classify_.mutable_model_spec()->set_name("nobody");
  regress_.mutable_model_spec()->set_name("nobody");
  ExpectBoth(absl::NotFoundError("Servable not found for request: Latest(nobody)"));
  EXPECT_EQ(record_.model, "nobody");
  EXPECT_EQ(record_.version, absl::nullopt);
}

TEST_F(ExampleErrorsTest, UnknownVersion) {
  classify_.mutable_model_spec()->mutable_version()->set_value(7);
  regress_.mutable_model_spec()->mutable_version()->set_value(7);
  ExpectBoth(absl::NotFoundError("Servable not found for request: Specific(census_like, 7)"));
}

TEST_F(ExampleErrorsTest, UnknownLabel) {
  classify_.mutable_model_spec()->set_version_label("stable");
  regress_.mutable_model_spec()->set_version_label("stable");
  ExpectBoth(absl::InvalidArgumentError("Unrecognized servable version label: stable"));
}

TEST_F(ExampleErrorsTest, UnknownSignature) {
  classify_.mutable_model_spec()->set_signature_name("none");
  regress_.mutable_model_spec()->set_signature_name("none");
  ExpectBoth(absl::InvalidArgumentError("No signature was found with the name: none"));
  // Else metrics would have a series for whatever name somebody asks for.
  EXPECT_FALSE(record_.version.has_value());
  EXPECT_EQ(record_.signature, "none");
}

TEST_F(ExampleErrorsTest, NoExample) {
  classify_.mutable_input()->mutable_example_list()->clear_examples();
  regress_.clear_input();
  ExpectBoth(absl::InvalidArgumentError("Input is empty."));
  *classify_.mutable_input()->mutable_example_list_with_context()->mutable_context() = XExample(1);
  EXPECT_EQ(ClassifyError(), absl::InvalidArgumentError("Input is empty."));
}

TEST_F(ExampleErrorsTest, ASignatureWithoutExamples) {
  const absl::Status classify = ClassifyError("half_plus_two", "serving_default");
  EXPECT_EQ(classify.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(classify.message()),
              AllOf(StartsWith("No classification inputs found in SignatureDef: inputs {"), HasSubstr("key: \"x\""),
                    HasSubstr("method_name: \"tensorflow/serving/predict\"")));
  const absl::Status regress = RegressError("half_plus_two", "serving_default");
  EXPECT_EQ(regress.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(regress.message()),
              StartsWith("No regression inputs found in SignatureDef: inputs {\n  key: \"x\""));
}

TEST_F(ExampleErrorsTest, TheWrongNumberOfInputsOrOutputs) {
  EXPECT_EQ(ClassifyError("mnist_like", "add"), absl::InvalidArgumentError("Expected one input Tensor."));
  EXPECT_EQ(RegressError("mnist_like", "add"), absl::InvalidArgumentError("Expected one input Tensor."));
  EXPECT_EQ(ClassifyError("census_like", "everything"),
            absl::InvalidArgumentError("Expected one or two output Tensors, found 8"));
  EXPECT_EQ(RegressError("census_like", "classify"), absl::InvalidArgumentError("Expected one output Tensor."));
}

TEST_F(ExampleErrorsTest, OutputsOfOtherNames) {
  const absl::Status classify = ClassifyError("census_like", "regress");
  EXPECT_EQ(classify.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(classify.message()),
              StartsWith("Expected classification signature outputs to contain at least one of \"classes\" or "
                         "\"scores\". Signature was: inputs {"));
  const absl::Status regress = RegressError("census_like", "regress_other_name");
  EXPECT_EQ(regress.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(regress.message()), StartsWith("No regression outputs found in SignatureDef: inputs {"));
}

TEST_F(ExampleErrorsTest, AnInputThatTakesNoExamples) {
  const absl::Status error = RegressError("census_like", "regress_floats");
  EXPECT_EQ(error.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(error.message()), StartsWith("Expects arg[0] to be float but string is provided"));
}

TEST_F(ExampleErrorsTest, ClassesOrScoresThatDoNotFit) {
  struct Case {
    const char* signature;
    const char* message;
  };
  const std::vector<Case> cases = {
      {"classify_flat_classes", "Expected Tensor shape: [batch_size num_classes] but got [3]"},
      {"classify_flat_scores", "Expected Tensor shape: [batch_size num_classes] but got [3]"},
      {"classify_number_classes", "Expected classes Tensor of DT_STRING. Got: DT_FLOAT"},
      {"classify_string_scores", "Expected scores Tensor of DT_FLOAT. Got: DT_STRING"},
      {"classify_one_label", "Expected classes output batch size of 3. Got: 1"},
      {"classify_one_score", "Expected scores output batch size of 3. Got: 1"},
      {"classify_unlike_widths", "Tensors class and score should match in dim_size(1). Got 2 vs. 1"},
  };
  for (const Case& wrong : cases) {
    const absl::Status error = ClassifyError("census_like", wrong.signature);
    EXPECT_EQ(error.code(), absl::StatusCode::kInvalidArgument) << wrong.signature;
    EXPECT_THAT(std::string(error.message()), StartsWith(wrong.message)) << wrong.signature;
  }
}

TEST_F(ExampleErrorsTest, ARegressionThatDoesNotFit) {
  EXPECT_EQ(RegressError("census_like", "regress_wide"),
            absl::InvalidArgumentError(
                "Expected output Tensor shape to be either [batch_size] or [batch_size, 1] but got [3,2]"));
  EXPECT_EQ(RegressError("census_like", "regress_one_for_all"),
            absl::InvalidArgumentError("Input batch size did not match output batch size: 3 vs. 1"));
  EXPECT_EQ(RegressError("census_like", "regress_strings"),
            absl::InvalidArgumentError("Expected output Tensor of DT_FLOAT.  Got: DT_STRING"));
}

TEST_F(ExampleErrorsTest, AnExampleWithoutARequiredFeature) {
  AddExample(NameExample("ana"), classify_.mutable_input());
  AddExample(NameExample("ana"), regress_.mutable_input());
  for (const absl::Status& error : {ClassifyError(), RegressError()}) {
    EXPECT_EQ(error.code(), absl::StatusCode::kInvalidArgument);
    EXPECT_THAT(std::string(error.message()),
                HasSubstr("Feature: x (data type: float) is required but could not be found."));
  }
  EXPECT_EQ(record_.examples, 4);
}

TEST_F(ExampleErrorsTest, AFeatureOfAnotherKind) {
  tensorflow::Example example;
  (*example.mutable_features()->mutable_feature())["x"].mutable_int64_list()->add_value(1);
  AddExample(example, regress_.mutable_input());
  EXPECT_EQ(RegressError().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(RegressError().message()), HasSubstr("Data types don't match"));
}

TEST_F(ExampleErrorsTest, BytesThatAreNoExample) {
  ExamplesRequest request;
  request.spec.name = "census_like";
  request.examples = ExamplesInput({"\xff"});
  const absl::Status error = AskToClassify(request).status();
  EXPECT_EQ(error.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(error.message()), HasSubstr("Could not parse example input"));
}

TEST_F(ExampleErrorsTest, NobodyWaitsForTheAnswer) {
  context_.deadline = std::chrono::steady_clock::now() - std::chrono::seconds(1);
  EXPECT_EQ(ClassifyError().code(), absl::StatusCode::kDeadlineExceeded);
  EXPECT_EQ(RegressError().code(), absl::StatusCode::kDeadlineExceeded);
  context_ = CallContext();
  context_.cancelled = std::make_shared<const std::atomic<bool>>(true);
  EXPECT_EQ(ClassifyError().code(), absl::StatusCode::kCancelled);
  EXPECT_EQ(RegressError().code(), absl::StatusCode::kCancelled);
}

TEST_F(ExampleErrorsTest, BytesThatAreNoRequest) {
  const std::string classify = classify_.SerializeAsString();
  for (size_t size = 0; size < classify.size(); ++size) {
    const auto answer = AskToClassify(classify.substr(0, size));
    ClassificationRequest parsed;
    if (answer.ok() || parsed.ParseFromString(classify.substr(0, size))) continue;
    EXPECT_EQ(answer.status(),
              absl::InvalidArgumentError("the request is not a tensorflow.serving.ClassificationRequest"));
  }
  EXPECT_EQ(AskToRegress(std::string("\x0a\xff")).status(),
            absl::InvalidArgumentError("the request is not a tensorflow.serving.RegressionRequest"));
  EXPECT_EQ(AskToRegress(std::string("\x0a\x01\xff")).status(),
            absl::InvalidArgumentError("the request is not a tensorflow.serving.RegressionRequest"));
}

// --enable_signature_method_name_check
class ExampleMethodNamesTest : public ExampleErrorsTest {
 protected:
  static void SetUpTestSuite() {
    SavedModelOptions options;
    options.check_method_names = true;
    models_ = new ServedModels(options);
    ASSERT_TRUE(models_->Serve("census_like", "census_like", {1}));
  }
};

TEST_F(ExampleMethodNamesTest, ASignatureOfAnotherMethodIsRefused) {
  EXPECT_EQ(ClassifyError("census_like", "regress"),
            absl::InvalidArgumentError("Expected classification signature method_name to be "
                                       "tensorflow/serving/classify. Was: tensorflow/serving/regress"));
  EXPECT_EQ(RegressError("census_like", "classify"),
            absl::InvalidArgumentError("Expected regression signature method_name to be tensorflow/serving/regress. "
                                       "Was: tensorflow/serving/classify"));
  EXPECT_EQ(ClassifyError("census_like", "classify"), absl::OkStatus());
  EXPECT_EQ(RegressError("census_like", "regress"), absl::OkStatus());
}

}  // namespace
}  // namespace trilho

// PredictionService.Classify on requests that have an answer.

#include "cpp_server/services/examples/classify.h"

#include <string>
#include <vector>

#include "cpp_server/services/examples/census_like.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace trilho {
namespace {

using tensorflow::serving::ClassificationRequest;
using tensorflow::serving::ClassificationResponse;
using ::testing::ElementsAre;
using ::testing::Pair;

using Classes = std::vector<std::pair<std::string, float>>;

class ClassifyTest : public CensusLikeTest {
 protected:
  ClassifyTest() {
    request_.mutable_model_spec()->set_name("census_like");
    request_.mutable_model_spec()->set_signature_name("classify");
    AddExample(XAndNameExample(1, "ana"), request_.mutable_input());
    AddExample(XExample(-4), request_.mutable_input());
  }

  ClassificationResponse Ask() {
    auto response = AskToClassify(request_.SerializeAsString());
    EXPECT_TRUE(response.ok()) << response.status();
    return response.ok() ? *std::move(response) : ClassificationResponse();
  }

  static Classes Of(const ClassificationResponse& response, int example) {
    Classes classes;
    for (const auto& one : response.result().classifications(example).classes()) {
      classes.emplace_back(one.label(), one.score());
    }
    return classes;
  }

  ClassificationRequest request_;
};

TEST_F(ClassifyTest, GivesLabelAndScoreOfEachClassForEachExample) {
  const ClassificationResponse response = Ask();
  ASSERT_EQ(response.result().classifications_size(), 2);
  EXPECT_THAT(Of(response, 0), ElementsAre(Pair("ana no", 1), Pair("ana yes", 4)));
  EXPECT_THAT(Of(response, 1), ElementsAre(Pair("nobody no", -4), Pair("nobody yes", -1)));
}

TEST_F(ClassifyTest, SaysWhichModelVersionAndSignatureAnswered) {
  request_.mutable_model_spec()->clear_signature_name();
  ClassificationResponse response = Ask();
  EXPECT_EQ(response.model_spec().name(), "census_like");
  EXPECT_EQ(response.model_spec().version().value(), 2);
  EXPECT_EQ(response.model_spec().signature_name(), "serving_default");
  request_.mutable_model_spec()->mutable_version()->set_value(1);
  request_.mutable_model_spec()->set_signature_name("classify");
  response = Ask();
  EXPECT_EQ(response.model_spec().version().value(), 1);
  EXPECT_EQ(response.model_spec().signature_name(), "classify");
  EXPECT_THAT(Of(response, 0), ElementsAre(Pair("ana no", 1), Pair("ana yes", 3)));
}

TEST_F(ClassifyTest, LabelsAreEmptyWithoutClasses) {
  request_.mutable_model_spec()->set_signature_name("classify_scores_only");
  EXPECT_THAT(Of(Ask(), 0), ElementsAre(Pair("", 1), Pair("", 4)));
}

TEST_F(ClassifyTest, ScoresAreZeroWithoutScores) {
  request_.mutable_model_spec()->set_signature_name("classify_classes_only");
  EXPECT_THAT(Of(Ask(), 0), ElementsAre(Pair("ana no", 0), Pair("ana yes", 0)));
}

// As tensorflow.Examples, the context's features and then the example's own, which replace those of the same name.
TEST_F(ClassifyTest, MergesTheContextIntoEachExample) {
  auto* list = request_.mutable_input()->mutable_example_list_with_context();
  *list->mutable_context() = XAndNameExample(10, "all");
  *list->add_examples() = XExample(1);
  *list->add_examples() = NameExample("bia");
  list->add_examples();
  const ClassificationResponse response = Ask();
  ASSERT_EQ(response.result().classifications_size(), 3);
  EXPECT_THAT(Of(response, 0), ElementsAre(Pair("all no", 1), Pair("all yes", 4)));
  EXPECT_THAT(Of(response, 1), ElementsAre(Pair("bia no", 10), Pair("bia yes", 13)));
  EXPECT_THAT(Of(response, 2), ElementsAre(Pair("all no", 10), Pair("all yes", 13)));
}

TEST_F(ClassifyTest, TakesManyExamples) {
  constexpr int kExamples = 50000;
  request_.clear_input();
  for (int i = 0; i < kExamples; ++i) AddExample(XExample(static_cast<float>(i)), request_.mutable_input());
  const ClassificationResponse response = Ask();
  ASSERT_EQ(response.result().classifications_size(), kExamples);
  for (int i = 0; i < kExamples; ++i) {
    ASSERT_EQ(response.result().classifications(i).classes(0).score(), static_cast<float>(i));
  }
  EXPECT_EQ(record_.examples, kExamples);
}

TEST_F(ClassifyTest, TakesALargeExample) {
  request_.clear_input();
  const std::string name(20 << 20, 'n');
  AddExample(XAndNameExample(1, name), request_.mutable_input());
  EXPECT_TRUE(Ask().result().classifications(0).classes(1).label() == name + " yes");
}

TEST_F(ClassifyTest, TakesExamplesThatAreAlreadyRead) {
  const std::string first = XExample(1).SerializeAsString();
  const std::string second = XExample(2).SerializeAsString();
  const std::string context = NameExample("all").SerializeAsString();
  ExamplesRequest request;
  request.spec.name = "census_like";
  request.spec.version = 1;
  request.examples = ExamplesInput({first, second}, context);
  const auto response = AskToClassify(request);
  ASSERT_TRUE(response.ok()) << response.status();
  EXPECT_EQ(response->model_spec().version().value(), 1);
  EXPECT_EQ(response->model_spec().signature_name(), "serving_default");
  EXPECT_THAT(Of(*response, 1), ElementsAre(Pair("all no", 2), Pair("all yes", 4)));
}

TEST_F(ClassifyTest, NotesWhatARecordNeeds) {
  request_.mutable_model_spec()->clear_signature_name();
  Ask();
  EXPECT_EQ(record_.model, "census_like");
  EXPECT_EQ(record_.version, 2);
  EXPECT_EQ(record_.signature, "serving_default");
  EXPECT_EQ(record_.examples, 2);
  EXPECT_GT(record_.times.run, 0);
}

// Protobuf's rule for a message that comes in parts.
TEST_F(ClassifyTest, PartsOfARequestAreMerged) {
  ClassificationRequest part;
  part.mutable_model_spec()->mutable_version()->set_value(1);
  AddExample(XExample(7), part.mutable_input());
  const auto response = AskToClassify(request_.SerializeAsString() + part.SerializeAsString());
  ASSERT_TRUE(response.ok()) << response.status();
  EXPECT_EQ(response->model_spec().version().value(), 1);
  ASSERT_EQ(response->result().classifications_size(), 3);
  EXPECT_EQ(response->result().classifications(2).classes(0).score(), 7);
}

}  // namespace
}  // namespace trilho

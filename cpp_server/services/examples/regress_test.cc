// PredictionService.Regress on requests that have an answer.

#include "cpp_server/services/examples/regress.h"

#include <string>
#include <vector>

#include "cpp_server/services/examples/census_like.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace trilho {
namespace {

using tensorflow::serving::RegressionRequest;
using tensorflow::serving::RegressionResponse;
using ::testing::ElementsAre;

std::vector<float> Values(const absl::StatusOr<RegressionResponse>& response) {
  EXPECT_TRUE(response.ok()) << response.status();
  std::vector<float> values;
  if (!response.ok()) return values;
  for (const auto& regression : response->result().regressions()) values.push_back(regression.value());
  return values;
}

class RegressTest : public CensusLikeTest {
 protected:
  RegressTest() {
    request_.mutable_model_spec()->set_name("census_like");
    request_.mutable_model_spec()->set_signature_name("regress");
    AddExample(XExample(4), request_.mutable_input());
    AddExample(XExample(-4), request_.mutable_input());
  }

  absl::StatusOr<RegressionResponse> Ask() { return AskToRegress(request_.SerializeAsString()); }

  RegressionRequest request_;
};

TEST_F(RegressTest, GivesANumberForEachExample) { EXPECT_THAT(Values(Ask()), ElementsAre(5, 1)); }

TEST_F(RegressTest, TakesAnOutputOfOneDimensionToo) {
  request_.mutable_model_spec()->set_signature_name("regress_flat");
  EXPECT_THAT(Values(Ask()), ElementsAre(5, 1));
}

TEST_F(RegressTest, SaysWhichModelVersionAndSignatureAnswered) {
  request_.mutable_model_spec()->mutable_version()->set_value(1);
  const auto response = Ask();
  EXPECT_THAT(Values(response), ElementsAre(4, 0));
  EXPECT_EQ(response->model_spec().name(), "census_like");
  EXPECT_EQ(response->model_spec().version().value(), 1);
  EXPECT_EQ(response->model_spec().signature_name(), "regress");
  EXPECT_EQ(record_.model, "census_like");
  EXPECT_EQ(record_.version, 1);
  EXPECT_EQ(record_.signature, "regress");
  EXPECT_EQ(record_.examples, 2);
  EXPECT_GT(record_.times.run, 0);
}

TEST_F(RegressTest, MergesTheContextIntoEachExample) {
  auto* list = request_.mutable_input()->mutable_example_list_with_context();
  *list->mutable_context() = XExample(4);
  list->add_examples();
  *list->add_examples() = XExample(8);
  EXPECT_THAT(Values(Ask()), ElementsAre(5, 7));
}

TEST_F(RegressTest, TakesManyExamples) {
  constexpr int kExamples = 50000;
  request_.clear_input();
  for (int i = 0; i < kExamples; ++i) AddExample(XExample(static_cast<float>(i)), request_.mutable_input());
  const std::vector<float> values = Values(Ask());
  ASSERT_EQ(values.size(), static_cast<size_t>(kExamples));
  for (size_t i = 0; i < values.size(); ++i) ASSERT_EQ(values[i], static_cast<float>(i) / 2 + 3);
}

TEST_F(RegressTest, TakesExamplesThatAreAlreadyRead) {
  const std::string example = XExample(4).SerializeAsString();
  ExamplesRequest request;
  request.spec.name = "census_like";
  request.spec.signature_name = "regress";
  request.examples = ExamplesInput({example});
  EXPECT_THAT(Values(AskToRegress(request)), ElementsAre(5));
}

}  // namespace
}  // namespace trilho

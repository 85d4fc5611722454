// Batches of a SavedModel.

#include <atomic>
#include <thread>
#include <vector>

#include "cpp_server/batching/batching_runner.h"
#include "cpp_server/batching/fake_runner.h"
#include "cpp_server/tensorflow/direct_runner.h"
#include "cpp_server/tensorflow/saved_model.h"
#include "cpp_server/testing/test_models.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace trilho {
namespace {

using ::testing::ElementsAre;

// Long enough for all requests of a test to come, which then close the batch.
constexpr int64_t kUntilFull = int64_t{60} * 1000 * 1000;

class BatchedModelTest : public ::testing::Test {
 protected:
  void Load(const std::string& name, int64_t batch_size) {
    auto model = SavedModel::Load(TestModel(name, 1), {});
    ASSERT_TRUE(model.ok()) << model.status();
    model_ = *std::move(model);
    BatchingParameters parameters;
    parameters.max_batch_size = batch_size;
    parameters.batch_timeout_micros = kUntilFull;
    model_->SetRunner(
        NewBatchingRunner(std::make_unique<DirectRunner>(model_.get()), parameters, std::make_shared<BatchThreads>(2)));
  }

  void Run(int number, const std::string& signature, Tensor input) {
    RunRequest request;
    request.signature = model_->FindSignature(signature);
    request.inputs.push_back(std::move(input));
    request.outputs = {0};
    model_->runner().Run(std::move(request), answers_.Take(number));
  }

  Answers answers_;
  std::unique_ptr<SavedModel> model_;
};

TEST_F(BatchedModelTest, AnswersAsItDoesAlone) {
  Load("half_plus_two", 8);
  for (int i = 0; i < 8; ++i) Run(i, "", Floats({1}, {2.0f * i}));
  for (int i = 0; i < 8; ++i) EXPECT_THAT(answers_.FloatsOf(i), ElementsAre(i + 2));
}

TEST_F(BatchedModelTest, Strings) {
  Load("mnist_like", 3);
  Run(0, "upper", trilho::Strings({2}, {"a", std::string(100, 'b')}));
  Run(1, "upper", trilho::Strings({1}, {"c"}));
  EXPECT_THAT(StringsOf(answers_.Of(0)->outputs.front()), ElementsAre("A", std::string(100, 'B')));
  EXPECT_THAT(StringsOf(answers_.Of(1)->outputs.front()), ElementsAre("C"));
}

TEST_F(BatchedModelTest, ABadRequestHarmsOnlyItself) {
  Load("mnist_like", 4);
  for (int i = 0; i < 4; ++i) Run(i, "positive", Floats({1}, {i == 2 ? -1.0f : 1.0f}));
  for (int i = 0; i < 4; ++i) EXPECT_EQ(answers_.Of(i).ok(), i != 2) << answers_.StatusOf(i);
  EXPECT_EQ(answers_.StatusOf(2).code(), absl::StatusCode::kInvalidArgument);
}

// One row gives a scalar: were it batched, it would be a vector of one for those who come together.
TEST_F(BatchedModelTest, AnOutputOfUnknownRankIsTheSameForOneAndForMany) {
  Load("odd", 12);
  constexpr int kAtOnce = 12;
  for (int i = 0; i < kAtOnce; ++i) Run(i, "squeezed", Floats({1, 1}, {1.0f * i}));
  for (int i = 0; i < kAtOnce; ++i) ASSERT_TRUE(answers_.Of(i).ok()) << answers_.StatusOf(i);
  Run(kAtOnce, "squeezed", Floats({1, 1}, {1.0f * kAtOnce}));
  for (int i = 0; i <= kAtOnce; ++i) {
    ASSERT_TRUE(answers_.Of(i).ok()) << answers_.StatusOf(i);
    EXPECT_EQ(answers_.Of(i)->outputs.front().rank(), 0);
    EXPECT_THAT(answers_.FloatsOf(i), ElementsAre(2 * i));
  }
}

// As the graph takes it, whatever others send at the same time.
TEST_F(BatchedModelTest, AnOddShapeRunsAlone) {
  Load("odd", 3);
  Run(0, "", Floats({3}, {1, 2, 5}));
  Run(1, "", Floats({}, {2}));
  for (int i = 2; i < 5; ++i) Run(i, "", Floats({1, 1}, {2.0f * i}));
  EXPECT_THAT(answers_.FloatsOf(0), ElementsAre(2.5, 3, 4.5));
  EXPECT_THAT(answers_.FloatsOf(1), ElementsAre(3));
  for (int i = 2; i < 5; ++i) EXPECT_THAT(answers_.FloatsOf(i), ElementsAre(i + 2));
}

TEST_F(BatchedModelTest, EmptyRequestsAreAnswered) {
  Load("mnist_like", 4);
  Run(0, "", Floats({0, 784}, {}));
  ASSERT_TRUE(answers_.Of(0).ok()) << answers_.StatusOf(0);
  EXPECT_THAT(answers_.Of(0)->outputs.front().dims(), ElementsAre(0, 10));
}

}  // namespace
}  // namespace trilho

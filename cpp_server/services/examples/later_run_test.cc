// Runs that end later and on another thread, as those of a batch do: how many
// there are, and what must live until then.

#include <chrono>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "cpp_server/core/manager_for_test.h"
#include "cpp_server/services/examples/census_like.h"
#include "cpp_server/tensorflow/saved_model_loader.h"
#include "gtest/gtest.h"

namespace trilho {
namespace {

using tensorflow::serving::ClassificationRequest;
using tensorflow::serving::ClassificationResponse;
using tensorflow::serving::MultiInferenceRequest;
using tensorflow::serving::MultiInferenceResponse;
using tensorflow::serving::RegressionRequest;
using tensorflow::serving::RegressionResponse;

struct Held {
  const SavedModel* model = nullptr;
  RunRequest request;
  RunDone done;
};

// Keeps runs until it is told to do them.
class HoldingRunner final : public Runner {
 public:
  HoldingRunner(const SavedModel* model, std::vector<Held>* held) : model_(model), held_(held) {}

  void Run(RunRequest request, RunDone done) override {
    held_->push_back({model_, std::move(request), std::move(done)});
  }

 private:
  const SavedModel* const model_;
  std::vector<Held>* const held_;
};

class HoldingLoader final : public Loader {
 public:
  HoldingLoader(std::unique_ptr<Loader> loader, std::vector<Held>* held) : loader_(std::move(loader)), held_(held) {}

  absl::StatusOr<std::unique_ptr<Servable>> Load() override {
    auto loaded = loader_->Load();
    if (loaded.ok()) {
      auto* model = dynamic_cast<SavedModel*>(loaded->get());
      model->SetRunner(std::make_unique<HoldingRunner>(model, held_));
    }
    return loaded;
  }

 private:
  const std::unique_ptr<Loader> loader_;
  std::vector<Held>* const held_;
};

class LaterRunTest : public ::testing::Test {
 protected:
  LaterRunTest() : manager_(Options(&held_)), predictor_(&manager_) {
    AspiredVersions aspired;
    aspired.model = "m";
    aspired.aspired = {{1, TestModel("census_like", 1)}};
    manager_.SetAspiredVersions(aspired);
    EXPECT_TRUE(manager_.WaitUntilSettled({"m"}, std::chrono::minutes(1)));
  }

  // Serialized: a request for one example, x = 4.
  template <typename Request>
  static std::string OneExample(const std::string& signature) {
    Request request;
    request.mutable_model_spec()->set_name("m");
    request.mutable_model_spec()->set_signature_name(signature);
    AddExample(XExample(4), request.mutable_input());
    return request.SerializeAsString();
  }

  // Spoils the request, and then does what was held, on a thread of its own.
  void RunNow(std::string* request) {
    request->assign(request->size(), '\xff');
    std::thread runner([this] {
      for (Held& held : held_) {
        RunResult result;
        auto outputs = held.model->Run(*held.request.signature, held.request.inputs, held.request.outputs);
        result.times.queued = 7;
        if (outputs.ok()) result.outputs = *std::move(outputs);
        held.done(outputs.ok() ? absl::StatusOr<RunResult>(std::move(result)) : outputs.status());
      }
      held_.clear();
    });
    runner.join();
  }

  static Manager::Options Options(std::vector<Held>* held) {
    SavedModelLoaderOptions loader;
    loader.synthetic_warm_up = std::chrono::milliseconds(0);
    Manager::Options options;
    options.loader_factory = [factory = SavedModelLoader::Factory(std::move(loader)), held](
                                 const ServableId& id, const std::string& path) -> std::unique_ptr<Loader> {
      return std::make_unique<HoldingLoader>(factory(id, path), held);
    };
    options.max_num_load_retries = 0;
    return options;
  }

  std::vector<Held> held_;
  ManagerForTest manager_;
  const Predictor predictor_;
  InferenceRecord record_;
};

TEST_F(LaterRunTest, ClassifyNeedsTheRequestNoMore) {
  std::string request = OneExample<ClassificationRequest>("classify");
  absl::StatusOr<ClassificationResponse> answer;
  Classify(predictor_, request, CallContext(), &record_, [&answer](auto response) { answer = std::move(response); });
  ASSERT_EQ(held_.size(), 1u);
  RunNow(&request);
  ASSERT_TRUE(answer.ok()) << answer.status();
  EXPECT_EQ(answer->model_spec().name(), "m");
  EXPECT_EQ(answer->result().classifications(0).classes(0).score(), 4);
  EXPECT_EQ(record_.times.queued, 7);
}

TEST_F(LaterRunTest, RegressNeedsTheRequestNoMore) {
  std::string request = OneExample<RegressionRequest>("regress");
  absl::StatusOr<RegressionResponse> answer;
  Regress(predictor_, request, CallContext(), &record_, [&answer](auto response) { answer = std::move(response); });
  ASSERT_EQ(held_.size(), 1u);
  RunNow(&request);
  ASSERT_TRUE(answer.ok()) << answer.status();
  EXPECT_EQ(answer->model_spec().name(), "m");
  EXPECT_EQ(answer->result().regressions(0).value(), 4);
  EXPECT_EQ(record_.times.queued, 7);
}

class LaterMultiInferenceTest : public LaterRunTest {
 protected:
  // Serialized: the given signatures about one example, x = 4.
  static std::string Tasks(const std::vector<std::string>& signatures) {
    MultiInferenceRequest request;
    for (const std::string& signature : signatures) {
      auto* task = request.add_tasks();
      task->mutable_model_spec()->set_name("m");
      task->mutable_model_spec()->set_signature_name(signature);
      task->set_method_name("tensorflow/serving/" + signature.substr(0, signature.find('_')));
    }
    AddExample(XExample(4), request.mutable_input());
    return request.SerializeAsString();
  }

  void Ask(const std::string& request) {
    MultiInference(predictor_, request, CallContext(), &record_,
                   [this](auto response) { answer_ = std::move(response); });
    ASSERT_EQ(held_.size(), 1u);
  }

  absl::StatusOr<MultiInferenceResponse> answer_;
};

TEST_F(LaterMultiInferenceTest, RunsOnceWithEachTensorOnce) {
  std::string request = Tasks({"classify", "regress", "classify_scores_only"});
  Ask(request);
  EXPECT_EQ(held_.front().request.inputs.size(), 1u);
  EXPECT_EQ(held_.front().request.outputs.size(), 3u);
  RunNow(&request);
  ASSERT_TRUE(answer_.ok()) << answer_.status();
  ASSERT_EQ(answer_->results_size(), 3);
  EXPECT_EQ(answer_->results(0).classification_result().classifications(0).classes(0).label(), "nobody no");
  EXPECT_EQ(answer_->results(1).regression_result().regressions(0).value(), 4);
  EXPECT_EQ(answer_->results(2).classification_result().classifications(0).classes(1).score(), 6);
}

TEST_F(LaterMultiInferenceTest, RunsOnceWithTheExamplesInEachInput) {
  std::string request = Tasks({"classify", "regress_apart"});
  Ask(request);
  ASSERT_EQ(held_.front().request.inputs.size(), 2u);
  for (const Tensor& input : held_.front().request.inputs) {
    ASSERT_EQ(input.dims(), std::vector<int64_t>{1});
    EXPECT_EQ(std::string(input.string(0)), XExample(4).SerializeAsString());
  }
  RunNow(&request);
  ASSERT_TRUE(answer_.ok()) << answer_.status();
  EXPECT_EQ(answer_->results(1).regression_result().regressions(0).value(), 4);
}

// So that it may share a batch with calls of Regress.
TEST_F(LaterMultiInferenceTest, OneTaskIsRunAsItsOwnSignature) {
  std::string request = Tasks({"regress"});
  Ask(request);
  EXPECT_EQ(held_.front().request.signature, held_.front().model->FindSignature("regress"));
  RunNow(&request);
  ASSERT_TRUE(answer_.ok()) << answer_.status();
  EXPECT_EQ(answer_->results(0).regression_result().regressions(0).value(), 4);
}

}  // namespace
}  // namespace trilho

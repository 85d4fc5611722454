#include "cpp_server/tensorflow/saved_model.h"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "cpp_server/testing/test_models.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tensorflow_serving/apis/get_model_metadata.pb.h"

namespace trilho {
namespace {

using ::testing::AllOf;
using ::testing::Each;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::SizeIs;

std::unique_ptr<SavedModel> Loaded(const std::string& directory) {
  auto model = SavedModel::Load(directory, {});
  EXPECT_TRUE(model.ok()) << model.status();
  return model.ok() ? *std::move(model) : nullptr;
}

Tensor Floats(const std::vector<float>& values) {
  Tensor tensor = *Tensor::Allocate(TF_FLOAT, {static_cast<int64_t>(values.size())});
  std::memcpy(tensor.data<float>(), values.data(), tensor.byte_size());
  return tensor;
}

std::vector<Tensor> Vector(Tensor first) {
  std::vector<Tensor> tensors;
  tensors.push_back(std::move(first));
  return tensors;
}

std::vector<float> FloatsOf(const Tensor& tensor) {
  return {tensor.data<float>(), tensor.data<float>() + tensor.num_elements()};
}

std::vector<std::string> Aliases(const std::vector<TensorInfo>& infos) {
  std::vector<std::string> aliases;
  for (const TensorInfo& info : infos) aliases.push_back(info.alias);
  return aliases;
}

TEST(SavedModelTest, AnswersWithItsVersionsVariables) {
  for (const auto& [version, expected] : {std::pair<int, float>{1, 4.0f}, {2, 5.0f}}) {
    const auto model = Loaded(TestModel("half_plus_two", version));
    ASSERT_NE(model, nullptr);
    const Signature* signature = model->FindSignature("");
    ASSERT_NE(signature, nullptr);
    const auto result = model->Run(*signature, Vector(Floats({4, -4})), {0});
    ASSERT_TRUE(result.ok()) << result.status();
    ASSERT_EQ(result->size(), 1u);
    EXPECT_THAT(FloatsOf(result->front()), ElementsAre(expected, expected - 4));
  }
}

TEST(SavedModelTest, KnowsItsSignatures) {
  const auto model = Loaded(TestModel("mnist_like", 1));
  ASSERT_NE(model, nullptr);
  std::vector<std::string> names;
  for (const auto& entry : model->signatures().by_name) names.push_back(entry.first);
  EXPECT_THAT(names, ElementsAre("add", "echo", "positive", "serving_default", "upper"));
  EXPECT_TRUE(model->signatures().unsupported.empty());

  EXPECT_EQ(model->FindSignature(""), model->FindSignature(kDefaultSignature));
  EXPECT_EQ(model->FindSignature("subtract"), nullptr);
  EXPECT_EQ(model->FindSignature("__saved_model_init_op"), nullptr) << "is for the loader";

  const Signature* add = model->FindSignature("add");
  ASSERT_NE(add, nullptr);
  EXPECT_EQ(add->name, "add");
  EXPECT_EQ(add->method_name, "tensorflow/serving/predict");
  EXPECT_THAT(Aliases(add->inputs), ElementsAre("a", "b"));
  EXPECT_THAT(Aliases(add->outputs), ElementsAre("difference", "sum"));

  const Signature* classify = model->FindSignature(kDefaultSignature);
  ASSERT_EQ(classify->inputs.size(), 1u);
  EXPECT_EQ(classify->inputs[0].alias, "image_data");
  EXPECT_EQ(classify->inputs[0].tensor_name, "serving_default_image_data:0");
  EXPECT_EQ(classify->inputs[0].type, TF_FLOAT);
  ASSERT_TRUE(classify->inputs[0].shape.has_value());
  EXPECT_THAT(*classify->inputs[0].shape, ElementsAre(-1, 784));
}

// TensorFlow takes floats too small for their full precision for zero on threads of its own.
TEST(SavedModelTest, TheNumbersAreTheSameOnWhateverThreadsAGraphRuns) {
  SavedModelOptions limited, pooled, spread;
  limited.max_run = std::chrono::minutes(5);
  pooled.session.set_inter_op_parallelism_threads(2);
  spread.session.set_intra_op_parallelism_threads(2);
  for (const SavedModelOptions& options : {SavedModelOptions(), limited, pooled, spread}) {
    const auto model = SavedModel::Load(TestModel("odd", 1), options);
    ASSERT_TRUE(model.ok()) << model.status();
    Tensor ones = *Tensor::Allocate(TF_FLOAT, {1, 64});
    std::fill_n(ones.data<float>(), 64, 1.0F);
    const auto result = (*model)->Run(*(*model)->FindSignature("tiny"), Vector(std::move(ones)), {0});
    ASSERT_TRUE(result.ok()) << result.status();
    EXPECT_THAT(FloatsOf(result->front()), AllOf(SizeIs(8), Each(0.0F)));
  }
  volatile float tiny = 1e-39F;
  EXPECT_GT(tiny * 64, 0) << "on the caller's thread, which does not only run graphs";
}

TEST(SavedModelTest, KeepsItsSignaturesForClients) {
  const auto model = Loaded(TestModel("mnist_like", 1));
  tensorflow::serving::SignatureDefMap map;
  ASSERT_TRUE(map.ParseFromString(model->signatures().signature_def_map));
  ASSERT_EQ(map.signature_def().count("add"), 1u);
  EXPECT_EQ(map.signature_def().at("add").inputs().at("a").dtype(), tensorflow::DT_FLOAT);
}

TEST(SavedModelTest, GivesTheOutputsThatAreAskedForInThatOrder) {
  const auto model = Loaded(TestModel("mnist_like", 1));
  const Signature& add = *model->FindSignature("add");
  std::vector<Tensor> inputs = Vector(Floats({10}));
  inputs.push_back(Floats({3}));
  const int sum = Signature::Find(add.outputs, "sum"), difference = Signature::Find(add.outputs, "difference");
  auto result = model->Run(add, inputs, {sum, difference});
  ASSERT_TRUE(result.ok()) << result.status();
  EXPECT_THAT(FloatsOf((*result)[0]), ElementsAre(13));
  EXPECT_THAT(FloatsOf((*result)[1]), ElementsAre(7));
  result = model->Run(add, inputs, {difference});
  ASSERT_TRUE(result.ok()) << result.status();
  ASSERT_EQ(result->size(), 1u);
  EXPECT_THAT(FloatsOf((*result)[0]), ElementsAre(7));
}

TEST(SavedModelTest, TakesAndGivesStrings) {
  const auto model = Loaded(TestModel("mnist_like", 1));
  Tensor text = *Tensor::Allocate(TF_STRING, {3});
  text.set_string(0, "short");
  text.set_string(2, std::string(1000, 'a'));
  const auto result = model->Run(*model->FindSignature("upper"), Vector(std::move(text)), {0});
  ASSERT_TRUE(result.ok()) << result.status();
  const Tensor& upper = result->front();
  ASSERT_EQ(upper.num_elements(), 3);
  EXPECT_EQ(upper.string(0), "SHORT");
  EXPECT_EQ(upper.string(1), "");
  EXPECT_EQ(upper.string(2), std::string(1000, 'A'));
}

TEST(SavedModelTest, TakesEmptyBatches) {
  const auto model = Loaded(TestModel("mnist_like", 1));
  const auto scores = model->Run(*model->FindSignature(""), Vector(*Tensor::Allocate(TF_FLOAT, {0, 784})), {0});
  ASSERT_TRUE(scores.ok()) << scores.status();
  EXPECT_THAT(scores->front().dims(), ElementsAre(0, 10));
  const auto text = model->Run(*model->FindSignature("upper"), Vector(*Tensor::Allocate(TF_STRING, {0})), {0});
  ASSERT_TRUE(text.ok()) << text.status();
  EXPECT_EQ(text->front().num_elements(), 0);
}

TEST(SavedModelTest, ARunsErrorIsTensorFlows) {
  const auto model = Loaded(TestModel("mnist_like", 1));
  const auto result = model->Run(*model->FindSignature("positive"), Vector(Floats({-1})), {0});
  EXPECT_EQ(result.status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(result.status().message()), HasSubstr("x must be positive"));
}

TEST(SavedModelTest, AnswersManyThreadsAtOnce) {
  const auto model = Loaded(TestModel("half_plus_two", 1));
  const Signature& signature = *model->FindSignature("");
  std::vector<std::thread> threads;
  std::vector<int> right(8, 0);
  constexpr int kRuns = 200;
  for (size_t t = 0; t < right.size(); ++t) {
    threads.emplace_back([&, t] {
      for (int i = 0; i < kRuns; ++i) {
        const auto x = static_cast<float>(t * 1000 + static_cast<size_t>(i));
        const auto result = model->Run(signature, Vector(Floats({x, 0})), {0});
        right[t] += result.ok() && FloatsOf(result->front()) == std::vector<float>{x / 2 + 2, 2} ? 1 : 0;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_THAT(right, ::testing::Each(kRuns));
}

// A copy of a model in a folder of its own, to be spoilt.
class SpoiltModelTest : public ::testing::Test {
 protected:
  SpoiltModelTest() : directory_(absl::StrCat(::testing::TempDir(), "/spoilt")) {
    std::filesystem::remove_all(directory_);
    std::filesystem::copy(TestModel("half_plus_two", 1), directory_, std::filesystem::copy_options::recursive);
    std::filesystem::permissions(directory_, std::filesystem::perms::owner_all);
  }
  ~SpoiltModelTest() override { std::filesystem::remove_all(directory_); }

  std::string Path(const std::string& file) const { return absl::StrCat(directory_, "/", file); }
  void Replace(const std::string& file, const std::string& content) {
    std::filesystem::remove(Path(file));
    std::ofstream(Path(file), std::ios::binary) << content;
  }
  absl::Status LoadError(const SavedModelOptions& options = {}) const {
    return SavedModel::Load(directory_, options).status();
  }

  const std::string directory_;
};

TEST_F(SpoiltModelTest, LoadsAsLongAsItIsWhole) { EXPECT_TRUE(LoadError().ok()) << LoadError(); }

TEST_F(SpoiltModelTest, AFolderThatIsNotThere) {
  std::filesystem::remove_all(directory_);
  EXPECT_EQ(LoadError().code(), absl::StatusCode::kNotFound);
  EXPECT_THAT(std::string(LoadError().message()), HasSubstr(absl::StrCat("cannot load ", directory_, ": ")));
}

TEST_F(SpoiltModelTest, AGraphThatIsNone) {
  Replace("saved_model.pb", "this is no SavedModel");
  const absl::Status error = LoadError();
  EXPECT_FALSE(error.ok());
  EXPECT_THAT(std::string(error.message()), HasSubstr(absl::StrCat("cannot load ", directory_, ": ")));
}

TEST_F(SpoiltModelTest, AnEmptyGraph) {
  Replace("saved_model.pb", "");
  const absl::Status error = LoadError();
  EXPECT_FALSE(error.ok());
  EXPECT_THAT(std::string(error.message()), HasSubstr(directory_));
}

TEST_F(SpoiltModelTest, VariablesThatAreNotThere) {
  std::filesystem::remove_all(Path("variables"));
  // TensorFlow takes it for a model without variables, and notices when one is read.
  EXPECT_TRUE(LoadError().ok());
  const auto model = Loaded(directory_);
  const auto result = model->Run(*model->FindSignature(""), Vector(Floats({1})), {0});
  EXPECT_EQ(result.status().code(), absl::StatusCode::kFailedPrecondition) << result.status();
}

TEST_F(SpoiltModelTest, VariablesThatAreCut) {
  Replace("variables/variables.data-00000-of-00001", "");
  const absl::Status error = LoadError();
  EXPECT_FALSE(error.ok());
  EXPECT_THAT(std::string(error.message()), HasSubstr(directory_));
}

TEST_F(SpoiltModelTest, TagsThatNoMetaGraphHas) {
  SavedModelOptions options;
  options.tags = {"serve", "tpu"};
  const absl::Status error = LoadError(options);
  EXPECT_EQ(error.code(), absl::StatusCode::kNotFound);
  EXPECT_THAT(std::string(error.message()), HasSubstr(directory_));
}

// A server's model whose runs may take 300 ms.
std::unique_ptr<SavedModel> Limited(int inter_op_threads = 0) {
  SavedModelOptions options;
  options.max_run = std::chrono::milliseconds(300);
  options.session.set_inter_op_parallelism_threads(inter_op_threads);
  auto model = SavedModel::Load(TestModel("endless", 1), options);
  EXPECT_TRUE(model.ok()) << model.status();
  return model.ok() ? *std::move(model) : nullptr;
}

TEST(SavedModelRunLimit, EndsARunThatWaitsAndOneThatComputes) {
  for (const int threads : {0, 2}) {
    const auto model = Limited(threads);
    ASSERT_NE(model, nullptr);
    for (const char* signature : {"serving_default", "count"}) {
      const auto begin = std::chrono::steady_clock::now();
      const auto result = model->Run(*model->FindSignature(signature), Vector(Floats({1e9})), {0});
      EXPECT_EQ(result.status(),
                absl::DeadlineExceededError("the run took longer than --max_run_seconds=0.3 and was ended"));
      EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(30)) << signature;
    }
  }
}

TEST(SavedModelRunLimit, EndsARunThatNobodyWaitsForAnyMore) {
  SavedModelOptions options;
  options.max_run = std::chrono::hours(1);
  const auto model = SavedModel::Load(TestModel("endless", 1), options);
  ASSERT_TRUE(model.ok()) << model.status();
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::milliseconds(300);
  const auto result = (*model)->Run(*(*model)->FindSignature(""), Vector(Floats({1})), {0}, deadline);
  EXPECT_EQ(result.status(), absl::DeadlineExceededError("the deadline passed while the model was run"));
  EXPECT_GE(std::chrono::steady_clock::now(), deadline);
}

TEST(SavedModelRunLimit, HarmsNoOtherRun) {
  const auto model = Limited();
  ASSERT_NE(model, nullptr);
  std::atomic<bool> ended{false};
  std::thread waits([&] {
    const auto result = model->Run(*model->FindSignature(""), Vector(Floats({1})), {0});
    EXPECT_EQ(result.status().code(), absl::StatusCode::kDeadlineExceeded);
    ended = true;
  });
  while (!ended) {
    const auto result = model->Run(*model->FindSignature("count"), Vector(Floats({10})), {0});
    ASSERT_TRUE(result.ok()) << result.status();
    EXPECT_THAT(FloatsOf((*result)[0]), ElementsAre(10));
  }
  waits.join();
  EXPECT_TRUE(model->Run(*model->FindSignature("count"), Vector(Floats({10})), {0}).ok()) << "the session lives on";
}

}  // namespace
}  // namespace trilho

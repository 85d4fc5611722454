#include "cpp_server/tensorflow/saved_model_loader.h"

#include <sys/stat.h>

#include <chrono>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "cpp_server/core/load_progress.h"
#include "cpp_server/tensorflow/warmup.h"
#include "cpp_server/testing/test_models.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace trilho {
namespace {

using std::chrono::milliseconds;
using ::testing::AllOf;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::Pair;
using ::testing::StartsWith;

constexpr milliseconds kNone(0);
// For a model that takes all of it.
constexpr milliseconds kShort(300);
// More than any test takes.
constexpr milliseconds kLong = std::chrono::hours(1);

std::vector<Tensor> Floats(const std::vector<float>& values) {
  Tensor tensor = *Tensor::Allocate(TF_FLOAT, {static_cast<int64_t>(values.size())});
  std::memcpy(tensor.data<float>(), values.data(), tensor.byte_size());
  std::vector<Tensor> tensors;
  tensors.push_back(std::move(tensor));
  return tensors;
}

class SavedModelLoaderTest : public ::testing::Test {
 protected:
  absl::StatusOr<std::unique_ptr<Servable>> Load(const std::string& directory, milliseconds warm_up,
                                                 int own_requests = 0) {
    SavedModelLoaderOptions options;
    options.synthetic_warm_up = warm_up;
    options.replay = [this, own_requests](const ServableId&, const std::string&, SavedModel*,
                                          const std::function<void(std::string)>& report) {
      report("replaying");
      EXPECT_THAT(progress_->Describe(), StartsWith("replaying, for "));
      return own_requests;
    };
    options.log = [this](const ServableId& id, const std::string& line) { log_.emplace_back(id.DebugString(), line); };
    loader_ = SavedModelLoader::Factory(options)({"m", 1}, directory);
    loader_->set_progress(progress_);
    return loader_->Load();
  }

  // Loads the model "effects", and returns the first answer of a signature.
  std::vector<float> FirstAnswer(const std::string& signature, const std::vector<Tensor>& inputs,
                                 milliseconds warm_up) {
    auto servable = Load(TestModel("effects", 1), warm_up);
    EXPECT_TRUE(servable.ok()) << servable.status();
    if (!servable.ok()) return {};
    const auto& model = dynamic_cast<const SavedModel&>(**servable);
    const auto result = model.Run(*model.FindSignature(signature), inputs, {0});
    EXPECT_TRUE(result.ok()) << result.status();
    if (!result.ok()) return {};
    const Tensor& tensor = result->front();
    return {tensor.data<float>(), tensor.data<float>() + tensor.num_elements()};
  }

  std::vector<std::string> Lines() const {
    std::vector<std::string> lines;
    for (const auto& entry : log_) lines.push_back(entry.second);
    return lines;
  }

  const std::shared_ptr<LoadProgress> progress_ = std::make_shared<LoadProgress>();
  std::unique_ptr<Loader> loader_;
  std::vector<std::pair<std::string, std::string>> log_;
};

TEST_F(SavedModelLoaderTest, MakesASavedModel) {
  auto servable = Load(TestModel("half_plus_two", 1), kLong);
  ASSERT_TRUE(servable.ok()) << servable.status();
  EXPECT_NE(dynamic_cast<SavedModel*>(servable->get()), nullptr);
  EXPECT_THAT(Lines(), ElementsAre("warm-up: running serving_default with zeros, for 3600 s at most"));
  servable->reset();
  loader_->AfterUnload();
}

TEST_F(SavedModelLoaderTest, AFailedWarmUpIsALineInTheLogAndNoMore) {
  ASSERT_TRUE(Load(TestModel("mnist_like", 1), kLong).ok());
  EXPECT_THAT(
      log_,
      ElementsAre(Pair("{name: m version: 1}",
                       "warm-up: running add, echo, positive, serving_default, upper with zeros, for 3600 s at most"),
                  Pair("{name: m version: 1}",
                       AllOf(StartsWith("signature \"positive\" was not warmed up, zeros do not suit it: "),
                             HasSubstr("x must be positive")))));
}

TEST_F(SavedModelLoaderTest, SaysWhichOutputsCannotBeSentAndWarmsUpTheOthers) {
  ASSERT_TRUE(Load(TestModel("pieces", 1), kLong).ok());
  EXPECT_THAT(Lines(), ElementsAre("signature \"serving_default\" is served without its output \"ragged\", which is a "
                                   "sparse or composite tensor",
                                   "signature \"serving_default\" is served without its output \"sparse\", which is a "
                                   "sparse or composite tensor",
                                   "warm-up: running serving_default with zeros, for 3600 s at most"));
}

TEST_F(SavedModelLoaderTest, WhoBringsRequestsIsNotAskedWithEmptyStrings) {
  ASSERT_TRUE(Load(TestModel("census_like", 1), kLong).ok());
  EXPECT_THAT(log_, Contains(Pair(::testing::_, HasSubstr("was not warmed up"))))
      << "an empty tf.Example is not what it takes";
  log_.clear();
  ASSERT_TRUE(Load(TestModel("census_like", 1), kLong, /*own_requests=*/1).ok());
  EXPECT_THAT(log_, Not(Contains(Pair(::testing::_, HasSubstr("was not warmed up")))));
}

TEST_F(SavedModelLoaderTest, SaysWhichFilesOfTfServingItDoesNotRead) {
  const std::string directory = absl::StrCat(::testing::TempDir(), "/extra");
  std::filesystem::copy(TestModel("half_plus_two", 1), directory, std::filesystem::copy_options::recursive);
  std::filesystem::create_directory(directory + "/assets.extra");
  std::ofstream(directory + "/assets.extra/saved_model_config.pb") << "config";
  std::ofstream(directory + "/assets.extra/mlmd_uuid") << "1234";
  ASSERT_TRUE(Load(directory, kLong).ok());
  EXPECT_THAT(log_, ElementsAre(Pair(::testing::_, "assets.extra/saved_model_config.pb is not read"),
                                Pair(::testing::_, "assets.extra/mlmd_uuid is not read"),
                                Pair(::testing::_, StartsWith("warm-up: running "))));
}

TEST_F(SavedModelLoaderTest, WarmsUpOnlyIfToldTo) {
  ASSERT_TRUE(Load(TestModel("mnist_like", 1), kNone).ok());
  EXPECT_TRUE(log_.empty());
}

TEST_F(SavedModelLoaderTest, WarmsUpNothingThatMayChangeSomething) {
  ASSERT_TRUE(Load(TestModel("effects", 1), kShort).ok());
  ASSERT_FALSE(log_.empty());
  const std::string line = Lines().front();
  EXPECT_THAT(line, StartsWith("warm-up: running endless, serving_default with zeros, for "));
  for (const char* left_out :
       {"counter (AssignAddVariableOp may change something)", "draw (RandomUniform may", "generate (RngReadAndSkip may",
        "loop (AssignAddVariableOp may", "save (WriteFile may", "train (AssignAddVariableOp may"}) {
    EXPECT_THAT(line, HasSubstr(left_out));
  }
}

TEST_F(SavedModelLoaderTest, AnswersFirstAsIfNobodyHadRunIt) {
  EXPECT_THAT(FirstAnswer("counter", {}, kShort), ElementsAre(0));
  EXPECT_THAT(FirstAnswer("train", Floats({0}), kShort), ElementsAre(2)) << "the weight was 1 and is moved once";
  EXPECT_THAT(FirstAnswer("serving_default", Floats({1}), kShort), ElementsAre(12));
  EXPECT_EQ(FirstAnswer("draw", {}, kShort), FirstAnswer("draw", {}, kNone));
  EXPECT_EQ(FirstAnswer("generate", {}, kShort), FirstAnswer("generate", {}, kNone));
  const std::filesystem::path written("written_by_a_signature");
  std::filesystem::remove(written);
  ASSERT_TRUE(Load(TestModel("effects", 1), kShort).ok());
  EXPECT_FALSE(std::filesystem::exists(written));
  FirstAnswer("save", Floats({1}), kShort);
  EXPECT_TRUE(std::filesystem::remove(written)) << "the signature does write it";
}

TEST_F(SavedModelLoaderTest, ALoopThatZerosDoNotEndIsEndedByTheTime) {
  // "endless" comes before "serving_default", which has no time left.
  ASSERT_TRUE(Load(TestModel("effects", 1), kShort).ok());
  EXPECT_THAT(Lines(),
              ElementsAre(StartsWith("warm-up: running endless, serving_default with zeros, for 0.3 s at most"),
                          "signature \"endless\" did not finish within the 0.3 s of the warm-up, and was ended",
                          "the 0.3 s of the warm-up were over before 1 signature(s), from \"serving_default\" on"));
  EXPECT_EQ(TimedRunsGoingOn(), 0);
  EXPECT_THAT(FirstAnswer("endless", Floats({0.5}), kShort), ElementsAre(1)) << "the session lives on";
}

TEST_F(SavedModelLoaderTest, AFifoIsRefusedBeforeTensorFlowWaitsForIt) {
  const std::string directory = absl::StrCat(::testing::TempDir(), "/fifo");
  std::filesystem::create_directories(directory);
  const std::string graph = absl::StrCat(directory, "/saved_model.pb");
  ASSERT_EQ(::mkfifo(graph.c_str(), 0600), 0);
  EXPECT_EQ(Load(directory, kLong).status(), absl::FailedPreconditionError(absl::StrCat(
                                                 graph, " is a FIFO; a version consists of plain files and folders")));
  std::filesystem::remove(graph);
  std::filesystem::create_symlink("/dev/zero", graph);
  EXPECT_EQ(Load(directory, kLong).status().code(), absl::StatusCode::kFailedPrecondition);
}

TEST_F(SavedModelLoaderTest, FailsAsTheModelDoesAndCanBeAskedAgain) {
  const std::string nowhere = absl::StrCat(::testing::TempDir(), "/nowhere");
  EXPECT_EQ(Load(nowhere, kLong).status().code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(loader_->Load().status().code(), absl::StatusCode::kNotFound);
}

}  // namespace
}  // namespace trilho

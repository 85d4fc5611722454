// A version's own requests, answered before it is served.

#include "cpp_server/services/warmup_replay.h"

#include <filesystem>

#include "cpp_server/testing/test_models.h"
#include "cpp_server/tfrecord/record_writer.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tensorflow_serving/apis/prediction_log.pb.h"

namespace trilho {
namespace {

using tensorflow::serving::PredictionLog;
using ::testing::HasSubstr;

class WarmupReplayTest : public ::testing::Test {
 protected:
  WarmupReplayTest() {
    std::filesystem::remove_all(folder_);
    std::filesystem::create_directories(folder_ + "/assets.extra");
    Load("census_like", SavedModelOptions());
  }

  void Load(const std::string& model, const SavedModelOptions& options) {
    auto loaded = SavedModel::Load(TestModel(model, 1), options);
    ASSERT_TRUE(loaded.ok()) << loaded.status();
    model_ = *std::move(loaded);
  }

  void Write(const std::vector<PredictionLog>& logs) {
    auto writer = RecordWriter::Create(folder_ + "/" + kWarmupFile);
    ASSERT_TRUE(writer.ok()) << writer.status();
    for (const PredictionLog& log : logs) ASSERT_TRUE((*writer)->Append(log.SerializeAsString()).ok());
    ASSERT_TRUE((*writer)->Close().ok());
  }
  absl::StatusOr<int> Replay() { return ReplayWarmup(folder_, WarmupOptions(), model_.get(), 1, &done_); }

  template <typename Request>
  static void Ask(const std::string& signature, Request* request) {
    // No name: nobody knows this version yet.
    request->mutable_model_spec()->set_signature_name(signature);
    AddExample(request->mutable_input());
  }
  static void AddExample(tensorflow::serving::Input* input) {
    auto* example = input->mutable_example_list()->add_examples();
    (*example->mutable_features()->mutable_feature())["x"].mutable_float_list()->add_value(0.5f);
  }

  const std::string folder_ = ::testing::TempDir() + "/version";
  std::unique_ptr<SavedModel> model_;
  int done_ = 0;
};

TEST_F(WarmupReplayTest, RunsEveryKindOfRequest) {
  std::vector<PredictionLog> logs(4);
  Ask("classify", logs[0].mutable_classify_log()->mutable_request());
  Ask("regress", logs[1].mutable_regress_log()->mutable_request());
  auto* multi = logs[2].mutable_multi_inference_log()->mutable_request();
  for (const char* kind : {"classify", "regress"}) {
    auto* task = multi->add_tasks();
    task->mutable_model_spec()->set_name("whatever");
    task->mutable_model_spec()->set_signature_name(kind);
    task->set_method_name(std::string("tensorflow/serving/") + kind);
  }
  AddExample(multi->mutable_input());
  auto* predict = logs[3].mutable_predict_log()->mutable_request();
  predict->mutable_model_spec()->set_name("another");
  predict->mutable_model_spec()->set_signature_name("classify");
  tensorflow::TensorProto& inputs = (*predict->mutable_inputs())["inputs"];
  inputs.set_dtype(tensorflow::DT_STRING);
  inputs.mutable_tensor_shape()->add_dim()->set_size(1);
  inputs.add_string_val(logs[0].classify_log().request().input().example_list().examples(0).SerializeAsString());
  Write(logs);
  const auto replayed = Replay();
  ASSERT_TRUE(replayed.ok()) << replayed.status();
  EXPECT_EQ(*replayed, 4);
  EXPECT_EQ(done_, 4);
}

// A load must not fail for what ran well in the model's graph.
TEST_F(WarmupReplayTest, RunsShapesThatTheGraphTakesThoughCallersMaySendTheSignaturesOnly) {
  SavedModelOptions options;
  options.strict_input_shapes = true;
  Load("odd", options);
  std::vector<PredictionLog> logs(1);
  auto* request = logs[0].mutable_predict_log()->mutable_request();
  request->mutable_model_spec()->set_name("odd");
  tensorflow::TensorProto& x = (*request->mutable_inputs())["x"];
  x.set_dtype(tensorflow::DT_FLOAT);
  x.mutable_tensor_shape()->add_dim()->set_size(3);
  x.add_float_val(1);
  Write(logs);
  const auto replayed = Replay();
  ASSERT_TRUE(replayed.ok()) << replayed.status();
  EXPECT_EQ(*replayed, 1);
}

TEST_F(WarmupReplayTest, TheFirstRequestThatFailsSaysWhich) {
  std::vector<PredictionLog> logs(2);
  Ask("classify", logs[0].mutable_classify_log()->mutable_request());
  Ask("nothing", logs[1].mutable_classify_log()->mutable_request());
  Write(logs);
  const absl::Status status = Replay().status();
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(status.message()), HasSubstr("record 2 "));
  EXPECT_THAT(std::string(status.message()), HasSubstr("No signature was found with the name: nothing"));
  EXPECT_EQ(done_, 1) << "the one before it";
}

TEST_F(WarmupReplayTest, WithoutAFileThereIsNothingToDo) { EXPECT_EQ(Replay().value(), 0); }

}  // namespace
}  // namespace trilho

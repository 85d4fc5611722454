#include "cpp_server/warmup/warmup_file.h"

#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "cpp_server/testing/test_directory.h"
#include "cpp_server/tfrecord/record_writer.h"
#include "cpp_server/warmup/prediction_log.h"
#include "cpp_server/wire/wire_writer.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace trilho {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::StartsWith;

std::string Record(PredictionLogField kind, const std::string& request) {
  WireWriter log;
  log.BytesField(kLogRequest, request);
  WireWriter record;
  record.BytesField(static_cast<uint32_t>(kind), std::move(log).Release());
  return std::move(record).Release();
}

template <typename Request>
std::string WithSignature(const std::string& signature) {
  Request request;
  request.mutable_model_spec()->set_name("whatever");
  request.mutable_model_spec()->set_signature_name(signature);
  return request.SerializeAsString();
}

std::string PredictRecord(const std::string& signature) {
  return Record(PredictionLogField::kPredict, WithSignature<tensorflow::serving::PredictRequest>(signature));
}

class WarmupFileTest : public ::testing::Test {
 protected:
  WarmupFileTest() {
    handlers_.predict = [this](const tensorflow::serving::PredictRequest& request) {
      return Handle("predict", request.model_spec().signature_name());
    };
    handlers_.classify = [this](const tensorflow::serving::ClassificationRequest& request) {
      return Handle("classify", request.model_spec().signature_name());
    };
    handlers_.regress = [this](const tensorflow::serving::RegressionRequest& request) {
      return Handle("regress", request.model_spec().signature_name());
    };
    handlers_.multi_inference = [this](const tensorflow::serving::MultiInferenceRequest& request) {
      return Handle("multi_inference", absl::StrCat(request.tasks_size()));
    };
  }

  absl::Status Handle(const std::string& method, const std::string& signature) {
    handled_.push_back(absl::StrCat(method, " ", signature));
    return signature == "wrong" ? absl::NotFoundError("no such signature") : absl::OkStatus();
  }

  void WriteFile(const std::vector<std::string>& records) {
    std::filesystem::create_directories(directory_.Path("1/assets.extra"));
    auto writer = RecordWriter::Create(path_);
    ASSERT_TRUE(writer.ok()) << writer.status();
    for (const std::string& record : records) ASSERT_EQ((*writer)->Append(record), absl::OkStatus());
    ASSERT_EQ((*writer)->Close(), absl::OkStatus());
  }

  absl::StatusOr<int> Replay() { return ReplayWarmupFile(directory_.Path("1"), options_, handlers_); }

  TestDirectory directory_;
  const std::string path_ = directory_.Path("1/assets.extra/tf_serving_warmup_requests");
  WarmupOptions options_;
  WarmupHandlers handlers_;
  std::vector<std::string> handled_;
};

TEST_F(WarmupFileTest, NoFileIsNothingToReplay) {
  auto replayed = Replay();
  ASSERT_TRUE(replayed.ok()) << replayed.status();
  EXPECT_EQ(*replayed, 0);
  directory_.MakeFolder("1/assets.extra");
  replayed = Replay();
  ASSERT_TRUE(replayed.ok()) << replayed.status();
  EXPECT_EQ(*replayed, 0);
}

TEST_F(WarmupFileTest, EveryKindIsReplayedInOrder) {
  tensorflow::serving::MultiInferenceRequest tasks;
  tasks.add_tasks();
  tasks.add_tasks();
  WriteFile({PredictRecord("a"),
             Record(PredictionLogField::kClassify, WithSignature<tensorflow::serving::ClassificationRequest>("b")),
             Record(PredictionLogField::kRegress, WithSignature<tensorflow::serving::RegressionRequest>("c")),
             Record(PredictionLogField::kMultiInference, tasks.SerializeAsString()), PredictRecord("d")});
  const auto replayed = Replay();
  ASSERT_TRUE(replayed.ok()) << replayed.status();
  EXPECT_EQ(*replayed, 5);
  EXPECT_THAT(handled_, ElementsAre("predict a", "classify b", "regress c", "multi_inference 2", "predict d"));
}

TEST_F(WarmupFileTest, EachRecordIsReplayedSoManyTimesBeforeTheNext) {
  WriteFile({PredictRecord("a"), PredictRecord("b")});
  options_.iterations = 2;
  ASSERT_TRUE(Replay().ok());
  EXPECT_THAT(handled_, ElementsAre("predict a", "predict a", "predict b", "predict b"));
  handled_.clear();
  options_.iterations = 0;
  ASSERT_TRUE(Replay().ok());
  EXPECT_THAT(handled_, ElementsAre("predict a", "predict b"));
}

TEST_F(WarmupFileTest, IsNotReadIfNotEnabled) {
  directory_.Write("1/assets.extra/tf_serving_warmup_requests", "no TFRecord file, but of sufficient length");
  options_.enabled = false;
  const auto replayed = Replay();
  ASSERT_TRUE(replayed.ok()) << replayed.status();
  EXPECT_EQ(*replayed, 0);
}

TEST_F(WarmupFileTest, ARecordWithoutALogIsSkipped) {
  WriteFile({"", PredictRecord("a"), ""});
  const auto replayed = Replay();
  ASSERT_TRUE(replayed.ok()) << replayed.status();
  EXPECT_EQ(*replayed, 1);
  EXPECT_THAT(handled_, ElementsAre("predict a"));
}

TEST_F(WarmupFileTest, TheFirstErrorEndsItAndNamesTheRecord) {
  WriteFile({PredictRecord("a"), PredictRecord("wrong"), PredictRecord("b")});
  const auto replayed = Replay();
  EXPECT_EQ(replayed.status().code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(replayed.status().message(), absl::StrCat("Warmup record 2 of ", path_, ": no such signature"));
  EXPECT_THAT(handled_, ElementsAre("predict a", "predict wrong"));
  int done = 0;
  EXPECT_FALSE(ReplayWarmupFile(directory_.Path("1"), options_, handlers_, &done).ok());
  EXPECT_EQ(done, 1);
}

TEST_F(WarmupFileTest, SessionRunAndStreamedPredictAreNotImplemented) {
  for (const auto& kind : {PredictionLogField::kSessionRun, PredictionLogField::kPredictStreamed}) {
    directory_.Remove("1");
    WriteFile({Record(kind, "")});
    const auto replayed = Replay();
    EXPECT_EQ(replayed.status().code(), absl::StatusCode::kUnimplemented);
    EXPECT_THAT(std::string(replayed.status().message()),
                AllOf(StartsWith("Warmup record 1 of "),
                      HasSubstr(absl::StrCat("Unsupported log_type for warmup: ", NameOf(kind)))));
  }
}

TEST_F(WarmupFileTest, AKindWithoutAHandlerIsNotImplemented) {
  WriteFile({PredictRecord("a")});
  handlers_.predict = nullptr;
  EXPECT_EQ(Replay().status().code(), absl::StatusCode::kUnimplemented);
}

TEST_F(WarmupFileTest, UpToAThousandRecordsAreReplayed) {
  WriteFile(std::vector<std::string>(1000, PredictRecord("a")));
  const auto replayed = Replay();
  ASSERT_TRUE(replayed.ok()) << replayed.status();
  EXPECT_EQ(*replayed, 1000);

  directory_.Remove("1");
  WriteFile(std::vector<std::string>(1001, PredictRecord("a")));
  EXPECT_EQ(Replay().status(),
            absl::InvalidArgumentError(absl::StrCat("Number of warmup records exceeds the maximum (1000) at ", path_)));
}

TEST_F(WarmupFileTest, ARecordThatIsNoPredictionLogFails) {
  WriteFile({PredictRecord("a"), "\xff"});
  const auto replayed = Replay();
  EXPECT_EQ(replayed.status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(replayed.status().message()),
              AllOf(StartsWith("Warmup record 2 of "), HasSubstr("Failed to parse warmup record: ")));
}

TEST_F(WarmupFileTest, ARequestThatIsNoneFails) {
  WriteFile({Record(PredictionLogField::kPredict, "\xff")});
  const auto replayed = Replay();
  EXPECT_EQ(replayed.status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(replayed.status().message()),
              HasSubstr("the request of its predict_log is not a tensorflow.serving.PredictRequest"));
  EXPECT_THAT(handled_, IsEmpty());
}

TEST_F(WarmupFileTest, PartsOfARequestAreMerged) {
  WriteFile({PredictRecord("first") + PredictRecord("second")});
  ASSERT_TRUE(Replay().ok());
  EXPECT_THAT(handled_, ElementsAre("predict second"));
}

TEST_F(WarmupFileTest, AnythingButATfrecordFileIsDataLoss) {
  directory_.Write("1/assets.extra/tf_serving_warmup_requests", "no TFRecord file, but of sufficient length");
  const auto replayed = Replay();
  EXPECT_EQ(replayed.status().code(), absl::StatusCode::kDataLoss);
  EXPECT_THAT(std::string(replayed.status().message()),
              AllOf(HasSubstr(path_), EndsWith(". Please verify your warmup data is in TFRecord format.")));
}

TEST_F(WarmupFileTest, AFileThatIsCutIsDataLossAfterItsWholeRecords) {
  WriteFile({PredictRecord("a"), PredictRecord("b")});
  std::filesystem::resize_file(path_, std::filesystem::file_size(path_) - 1);
  const auto replayed = Replay();
  EXPECT_EQ(replayed.status().code(), absl::StatusCode::kDataLoss);
  EXPECT_THAT(std::string(replayed.status().message()),
              EndsWith(". Please verify your warmup data is in TFRecord format."));
  EXPECT_THAT(handled_, ElementsAre("predict a"));
}

TEST_F(WarmupFileTest, ALargeRecordIsReplayedUnlessItIsLargerThanAllowed) {
  tensorflow::serving::PredictRequest request;
  request.mutable_model_spec()->set_signature_name("large");
  (*request.mutable_inputs())["x"].set_tensor_content(std::string(size_t{64} << 20, 'x'));
  WriteFile({Record(PredictionLogField::kPredict, request.SerializeAsString())});
  ASSERT_TRUE(Replay().ok());
  EXPECT_THAT(handled_, ElementsAre("predict large"));
  options_.max_record_bytes = 1 << 20;
  const auto replayed = Replay();
  EXPECT_EQ(replayed.status().code(), absl::StatusCode::kResourceExhausted);
  EXPECT_THAT(std::string(replayed.status().message()), HasSubstr("max_record_bytes (1048576)"));
}

}  // namespace
}  // namespace trilho

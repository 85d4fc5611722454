#include "cpp_server/warmup/prediction_log.h"

#include <string>

#include "absl/strings/escaping.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tensorflow_serving/apis/classification.pb.h"
#include "tensorflow_serving/apis/inference.pb.h"
#include "tensorflow_serving/apis/predict.pb.h"

namespace trilho {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

// What tensorflow-serving-api's PredictionLog serializes to, in hexadecimal.
PredictionLogView Read(absl::string_view hex, std::string* bytes) {
  *bytes = absl::HexStringToBytes(hex);
  auto log = ReadPredictionLog(*bytes);
  EXPECT_TRUE(log.ok()) << log.status();
  return log.value_or(PredictionLogView());
}

TEST(PredictionLogTest, PredictWithMetadataAndResponse) {
  std::string bytes;
  const PredictionLogView log = Read(
      "0a140a070a016d12020803120909000000000000e03f32240a170a060a016d1a0173120d0a0178120808012a0400002040120912070a016d"
      "12020803",
      &bytes);
  EXPECT_EQ(log.kind, PredictionLogField::kPredict);
  ASSERT_THAT(log.request, SizeIs(1));
  tensorflow::serving::PredictRequest request;
  ASSERT_TRUE(request.ParseFromString(std::string(log.request[0])));
  EXPECT_EQ(request.model_spec().name(), "m");
  EXPECT_EQ(request.model_spec().signature_name(), "s");
  EXPECT_EQ(request.inputs().at("x").float_val(0), 2.5f);
}

TEST(PredictionLogTest, EveryOtherKind) {
  std::string bytes;
  PredictionLogView log = Read("12070a050a031a0173", &bytes);
  EXPECT_EQ(log.kind, PredictionLogField::kClassify);
  ASSERT_THAT(log.request, SizeIs(1));
  tensorflow::serving::ClassificationRequest classification;
  ASSERT_TRUE(classification.ParseFromString(std::string(log.request[0])));
  EXPECT_EQ(classification.model_spec().signature_name(), "s");

  log = Read("1a070a050a031a0173", &bytes);
  EXPECT_EQ(log.kind, PredictionLogField::kRegress);
  EXPECT_THAT(log.request, ElementsAre(absl::HexStringToBytes("0a031a0173")));

  log = Read("22090a070a050a031a0173", &bytes);
  EXPECT_EQ(log.kind, PredictionLogField::kMultiInference);
  ASSERT_THAT(log.request, SizeIs(1));
  tensorflow::serving::MultiInferenceRequest inference;
  ASSERT_TRUE(inference.ParseFromString(std::string(log.request[0])));
  EXPECT_EQ(inference.tasks(0).model_spec().signature_name(), "s");

  EXPECT_EQ(Read("2a00", &bytes).kind, PredictionLogField::kSessionRun);
  EXPECT_EQ(Read("3a00", &bytes).kind, PredictionLogField::kPredictStreamed);
}

TEST(PredictionLogTest, WithoutALog) {
  std::string bytes;
  EXPECT_EQ(Read("", &bytes).kind, PredictionLogField::kMetadata);
  EXPECT_EQ(Read("0a00", &bytes).kind, PredictionLogField::kMetadata);
}

TEST(PredictionLogTest, WithoutARequest) {
  std::string bytes;
  const PredictionLogView log = Read("3200", &bytes);
  EXPECT_EQ(log.kind, PredictionLogField::kPredict);
  EXPECT_THAT(log.request, IsEmpty());
}

TEST(PredictionLogTest, OfTwoKindsTheLastCountsAndOfOneKindAllParts) {
  std::string bytes;
  PredictionLogView log = Read("12030a016132030a0162", &bytes);
  EXPECT_EQ(log.kind, PredictionLogField::kPredict);
  EXPECT_THAT(log.request, ElementsAre("b"));
  log = Read("32030a016132030a0162", &bytes);
  EXPECT_THAT(log.request, ElementsAre("a", "b"));
}

TEST(PredictionLogTest, UnknownFieldsAreSkipped) {
  std::string bytes;
  const PredictionLogView log = Read("7a0178320518000a016280017f", &bytes);
  EXPECT_THAT(log.request, ElementsAre("b"));
}

TEST(PredictionLogTest, AnythingElseIsNone) {
  for (const char* hex : {"ff", "3205", "32020a05", "3001", "0801", "00", "32020801"}) {
    EXPECT_EQ(ReadPredictionLog(absl::HexStringToBytes(hex)).status().code(), absl::StatusCode::kInvalidArgument)
        << hex;
  }
}

TEST(PredictionLogTest, NamesAreThoseOfTheFields) {
  EXPECT_EQ(NameOf(PredictionLogField::kPredict), "predict_log");
  EXPECT_EQ(NameOf(PredictionLogField::kPredictStreamed), "predict_streamed_log");
}

}  // namespace
}  // namespace trilho

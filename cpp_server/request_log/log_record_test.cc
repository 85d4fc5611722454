#include "cpp_server/request_log/log_record.h"

#include <string>

#include "cpp_server/wire/wire_reader.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tensorflow_serving/apis/classification.pb.h"
#include "tensorflow_serving/apis/inference.pb.h"
#include "tensorflow_serving/apis/predict.pb.h"
#include "tensorflow_serving/config/logging_config.pb.h"

namespace trilho {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

// All values of a length-delimited field.
std::vector<std::string> Fields(const std::string& message, uint32_t field) {
  std::vector<std::string> values;
  WireReader reader(message);
  while (reader.NextField()) {
    if (reader.field() == field) {
      values.emplace_back(reader.Bytes());
    } else {
      reader.Skip();
    }
  }
  EXPECT_TRUE(reader.ok());
  return values;
}

tensorflow::serving::ModelSpec LoggedSpec(const std::string& record) {
  const auto metadata = Fields(record, static_cast<uint32_t>(PredictionLogField::kMetadata));
  tensorflow::serving::ModelSpec spec;
  EXPECT_THAT(metadata, SizeIs(1));
  const auto specs = Fields(metadata.at(0), kMetadataModelSpec);
  EXPECT_THAT(specs, SizeIs(1));
  EXPECT_TRUE(spec.ParseFromString(specs.at(0)));
  return spec;
}

class LogRecordTest : public ::testing::Test {
 protected:
  LogRecordTest() {
    request_.mutable_model_spec()->set_name("m");
    request_.mutable_model_spec()->set_signature_name("s");
    (*request_.mutable_inputs())["x"].add_float_val(2.5f);
    response_.mutable_model_spec()->set_name("m");
    response_.mutable_model_spec()->set_signature_name("s");
    response_.mutable_model_spec()->mutable_version()->set_value(3);
    (*response_.mutable_outputs())["y"].add_float_val(3.25f);
    tensorflow::serving::SamplingConfig sampling;
    sampling.set_sampling_rate(0.5);
    sampling_ = sampling.SerializeAsString();
  }

  std::string Make(PredictionLogField kind, const std::string& request, const std::string& response) {
    LogRecordParts parts;
    parts.kind = kind;
    parts.model = "m";
    parts.request = request;
    parts.response = response;
    parts.sampling_config = sampling_;
    parts.timestamp_secs = 1700000000;
    return MakeLogRecord(parts);
  }
  std::string Make(const std::string& request, const std::string& response) {
    return Make(PredictionLogField::kPredict, request, response);
  }

  tensorflow::serving::PredictRequest request_;
  tensorflow::serving::PredictResponse response_;
  std::string sampling_;
};

TEST_F(LogRecordTest, HoldsRequestAndResponseAsTheyWere) {
  const std::string request = request_.SerializeAsString();
  const std::string response = response_.SerializeAsString();
  const std::string record = Make(request, response);
  const auto logs = Fields(record, static_cast<uint32_t>(PredictionLogField::kPredict));
  ASSERT_THAT(logs, SizeIs(1));
  EXPECT_THAT(Fields(logs[0], kLogRequest), ElementsAre(request));
  EXPECT_THAT(Fields(logs[0], kLogResponse), ElementsAre(response));
}

TEST_F(LogRecordTest, IsReadAsAPredictionLogOfItsKind) {
  const std::string request = request_.SerializeAsString();
  for (auto kind : {PredictionLogField::kPredict, PredictionLogField::kClassify, PredictionLogField::kRegress,
                    PredictionLogField::kMultiInference}) {
    const std::string record = Make(kind, request, "");
    const auto log = ReadPredictionLog(record);
    ASSERT_TRUE(log.ok()) << log.status();
    EXPECT_EQ(log->kind, kind);
    EXPECT_THAT(log->request, ElementsAre(request));
  }
}

TEST_F(LogRecordTest, WithoutAResponseHasNone) {
  const std::string record = Make(request_.SerializeAsString(), "");
  const auto logs = Fields(record, static_cast<uint32_t>(PredictionLogField::kPredict));
  ASSERT_THAT(logs, SizeIs(1));
  EXPECT_THAT(Fields(logs[0], kLogResponse), IsEmpty());
}

TEST_F(LogRecordTest, MetadataHasSamplingRateAndTime) {
  const std::string record = Make(request_.SerializeAsString(), response_.SerializeAsString());
  const auto metadata = Fields(record, static_cast<uint32_t>(PredictionLogField::kMetadata));
  ASSERT_THAT(metadata, SizeIs(1));
  EXPECT_THAT(Fields(metadata[0], kMetadataSamplingConfig), ElementsAre(sampling_));
  WireReader reader(metadata[0]);
  int64_t time = 0;
  while (reader.NextField()) {
    if (reader.field() == kMetadataTimestampSecs) {
      time = static_cast<int64_t>(reader.VarintField());
    } else {
      reader.Skip();
    }
  }
  EXPECT_EQ(time, 1700000000);
}

TEST_F(LogRecordTest, ModelSpecIsTheResponsesElseTheRequestsElseTheName) {
  auto spec = LoggedSpec(Make(request_.SerializeAsString(), response_.SerializeAsString()));
  EXPECT_EQ(spec.name(), "m");
  EXPECT_EQ(spec.signature_name(), "s");
  EXPECT_EQ(spec.version().value(), 3);

  spec = LoggedSpec(Make(request_.SerializeAsString(), ""));
  EXPECT_EQ(spec.name(), "m");
  EXPECT_EQ(spec.signature_name(), "s");
  EXPECT_FALSE(spec.has_version());

  for (const char* request : {"", "\xff"}) {
    spec = LoggedSpec(Make(request, ""));
    EXPECT_EQ(spec.name(), "m");
    EXPECT_EQ(spec.signature_name(), "");
  }
}

TEST_F(LogRecordTest, ModelSpecOfClassifyIsTheResponses) {
  tensorflow::serving::ClassificationResponse response;
  response.mutable_result()->add_classifications();
  response.mutable_model_spec()->set_name("m");
  response.mutable_model_spec()->mutable_version()->set_value(4);
  EXPECT_EQ(LoggedSpec(Make(PredictionLogField::kClassify, "", response.SerializeAsString())).version().value(), 4);
}

TEST_F(LogRecordTest, ModelSpecOfMultiInferenceIsThatOfTheFirstTask) {
  tensorflow::serving::MultiInferenceRequest request;
  request.add_tasks()->mutable_model_spec()->set_signature_name("first");
  request.add_tasks()->mutable_model_spec()->set_signature_name("second");
  auto spec = LoggedSpec(Make(PredictionLogField::kMultiInference, request.SerializeAsString(), ""));
  EXPECT_EQ(spec.signature_name(), "first");
  tensorflow::serving::MultiInferenceResponse response;
  response.add_results()->mutable_model_spec()->mutable_version()->set_value(5);
  spec =
      LoggedSpec(Make(PredictionLogField::kMultiInference, request.SerializeAsString(), response.SerializeAsString()));
  EXPECT_EQ(spec.version().value(), 5);
}

}  // namespace
}  // namespace trilho

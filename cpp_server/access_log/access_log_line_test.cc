#include "cpp_server/access_log/access_log_line.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "rapidjson/document.h"

namespace trilho {
namespace {

InferenceRecord Record() {
  InferenceRecord record;
  record.model = "mnist";
  record.version = 3;
  record.signature = "serving_default";
  record.method = "Predict";
  record.trace_id = "0af7651916cd43dd8448eb211c80319c";
  record.peer = "10.0.0.1:4711";
  record.duration = std::chrono::nanoseconds(1234567);
  record.times.queued = 100;
  record.times.run = 900;
  record.examples = 5;
  return record;
}

const absl::Time kEnd = absl::FromUnixMillis(1769860800123);

TEST(AccessLogLineTest, IsOneLineOfJson) {
  EXPECT_EQ(AccessLogLine(Record(), kEnd),
            "{\"time\":\"2026-01-31T12:00:00.123Z\",\"model\":\"mnist\",\"version\":3,"
            "\"signature\":\"serving_default\",\"method\":\"Predict\",\"protocol\":\"grpc\",\"code\":\"OK\","
            "\"message\":\"\",\"duration_us\":1234,\"queued_us\":100,\"run_us\":900,\"examples\":5,"
            "\"trace_id\":\"0af7651916cd43dd8448eb211c80319c\",\"peer\":\"10.0.0.1:4711\"}\n");
}

TEST(AccessLogLineTest, AnErrorOverRestWithoutAModel) {
  InferenceRecord record;
  record.method = "predict";
  record.protocol = Protocol::kRest;
  record.status = absl::NotFoundError("Servable not found for request: Latest(x)");
  EXPECT_EQ(AccessLogLine(record, kEnd),
            "{\"time\":\"2026-01-31T12:00:00.123Z\",\"model\":\"\",\"version\":null,\"signature\":\"\","
            "\"method\":\"predict\",\"protocol\":\"rest\",\"code\":\"NOT_FOUND\","
            "\"message\":\"Servable not found for request: Latest(x)\",\"duration_us\":0,\"queued_us\":0,"
            "\"run_us\":0,\"examples\":0,\"trace_id\":\"\",\"peer\":\"\"}\n");
}

TEST(AccessLogLineTest, WhateverACallerSendsItIsValidJsonOnOneLine) {
  InferenceRecord record = Record();
  record.model = std::string("a\"b\\c\nd\x01\0e\xFF", 11);
  record.status = absl::InvalidArgumentError(std::string(5000, '\n'));
  const std::string line = AccessLogLine(record, kEnd);
  EXPECT_EQ(line.find('\n'), line.size() - 1);
  rapidjson::Document parsed;
  parsed.Parse<rapidjson::kParseValidateEncodingFlag>(line.data(), line.size());
  ASSERT_FALSE(parsed.HasParseError()) << line;
  EXPECT_EQ(std::string(parsed["model"].GetString(), parsed["model"].GetStringLength()),
            std::string("a\"b\\c\nd\x01\0e\xEF\xBF\xBD", 13));
  EXPECT_EQ(std::string(parsed["message"].GetString()), std::string(1024, '\n')) << "cut";
}

}  // namespace
}  // namespace trilho

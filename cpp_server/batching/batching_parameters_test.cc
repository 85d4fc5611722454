#include "cpp_server/batching/batching_parameters.h"

#include <fstream>

#include "gmock/gmock.h"
#include "google/protobuf/text_format.h"
#include "gtest/gtest.h"
#include "tensorflow_serving/servables/tensorflow/session_bundle_config.pb.h"

namespace trilho {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

absl::StatusOr<BatchingParameters> Of(const std::string& text) {
  tensorflow::serving::BatchingParameters proto;
  EXPECT_TRUE(google::protobuf::TextFormat::ParseFromString(text, &proto)) << text;
  return FromProto(proto);
}

TEST(BatchingParametersTest, DefaultsAreTfServings) {
  const auto parameters = Of("");
  ASSERT_TRUE(parameters.ok()) << parameters.status();
  EXPECT_EQ(parameters->max_batch_size, 1000);
  EXPECT_EQ(parameters->batch_timeout_micros, 0);
  EXPECT_EQ(parameters->max_enqueued_batches, 10);
  EXPECT_EQ(parameters->num_batch_threads, NumCpus());
  EXPECT_THAT(parameters->allowed_batch_sizes, IsEmpty());
  EXPECT_FALSE(parameters->pad_variable_length_inputs);
  EXPECT_FALSE(parameters->enable_large_batch_splitting);
  EXPECT_EQ(parameters->LargestBatch(), 1000);
  EXPECT_EQ(parameters->LargestTask(), 1000);
  EXPECT_EQ(parameters->QueueCapacity(), 10000);
}

TEST(BatchingParametersTest, TakesEveryField) {
  const auto parameters = Of(R"(
    max_batch_size { value: 64 }
    batch_timeout_micros { value: 2500 }
    max_enqueued_batches { value: 3 }
    num_batch_threads { value: 8 }
    thread_pool_name { value: "batch_threads" }
    allowed_batch_sizes: 4
    allowed_batch_sizes: 16
    pad_variable_length_inputs: true
    enable_large_batch_splitting { value: true }
    max_execution_batch_size { value: 16 })");
  ASSERT_TRUE(parameters.ok()) << parameters.status();
  EXPECT_EQ(parameters->batch_timeout_micros, 2500);
  EXPECT_EQ(parameters->num_batch_threads, 8);
  EXPECT_THAT(parameters->allowed_batch_sizes, ElementsAre(4, 16));
  EXPECT_TRUE(parameters->pad_variable_length_inputs);
  EXPECT_EQ(parameters->LargestBatch(), 16);
  EXPECT_EQ(parameters->LargestTask(), 64);
  EXPECT_EQ(parameters->QueueCapacity(), 48);
  EXPECT_EQ(parameters->PaddedSize(1), 4);
  EXPECT_EQ(parameters->PaddedSize(4), 4);
  EXPECT_EQ(parameters->PaddedSize(5), 16);
}

TEST(BatchingParametersTest, WithoutSplittingTheExecutionSizeIsIgnored) {
  const auto parameters = Of("max_batch_size { value: 8 } max_execution_batch_size { value: 4 }");
  ASSERT_TRUE(parameters.ok()) << parameters.status();
  EXPECT_EQ(parameters->LargestBatch(), 8);
}

TEST(BatchingParametersTest, SplittingIntoFullBatchesIsBoundByTheQueue) {
  const auto parameters = Of("max_batch_size { value: 8 } enable_large_batch_splitting { value: true }");
  ASSERT_TRUE(parameters.ok()) << parameters.status();
  EXPECT_EQ(parameters->LargestTask(), 80);
}

TEST(BatchingParametersTest, RefusesWhatMakesNoSense) {
  const std::vector<std::pair<std::string, std::string>> cases = {
      {"max_batch_size { value: 0 }", "max_batch_size must be between 1 and 2147483647, not 0"},
      {"max_batch_size { }", "max_batch_size must be between 1"},
      {"batch_timeout_micros { value: -1 }", "batch_timeout_micros must be between 0 and 31536000000000, not -1"},
      {"max_enqueued_batches { value: 0 }", "max_enqueued_batches must be between 1"},
      {"num_batch_threads { value: 0 }", "num_batch_threads must be between 1 and 4096, not 0"},
      {"num_batch_threads { value: 5000 }", "num_batch_threads must be between 1 and 4096, not 5000"},
      {"max_execution_batch_size { value: 0 }", "max_execution_batch_size must be between 1"},
      {"max_batch_size { value: 8 } max_execution_batch_size { value: 9 } enable_large_batch_splitting { value: true }",
       "max_execution_batch_size must be at most max_batch_size, 8, not 9"},
      {"max_batch_size { value: 8 } allowed_batch_sizes: [4, 4, 8]",
       "allowed_batch_sizes entries must be monotonically increasing, and positive, not 4, 4, 8"},
      {"max_batch_size { value: 8 } allowed_batch_sizes: [0, 8]",
       "allowed_batch_sizes entries must be monotonically increasing, and positive, not 0, 8"},
      {"max_batch_size { value: 8 } allowed_batch_sizes: [2, 4]",
       "Last entry in allowed_batch_sizes must match max_batch_size; last entry was 4; expected 8"},
      {"max_batch_size { value: 8 } max_execution_batch_size { value: 4 } enable_large_batch_splitting { value: true } "
       "allowed_batch_sizes: [2, 8]",
       "Last entry in allowed_batch_sizes must be equal to max_execution_batch_size; last entry was 8; expected 4"},
  };
  for (const auto& [text, message] : cases) {
    const auto parameters = Of(text);
    EXPECT_EQ(parameters.status().code(), absl::StatusCode::kInvalidArgument) << text;
    EXPECT_THAT(std::string(parameters.status().message()), HasSubstr(message));
  }
}

class BatchingParametersFileTest : public ::testing::Test {
 protected:
  absl::StatusOr<BatchingParameters> Read(const std::string& text) {
    std::ofstream(path_) << text;
    return ReadBatchingParametersFile("--batching_parameters_file", path_);
  }
  const std::string path_ = ::testing::TempDir() + "/batching_parameters.txt";
};

TEST_F(BatchingParametersFileTest, IsATextProto) {
  const auto parameters = Read("max_batch_size { value: 128 }  # rows\n");
  ASSERT_TRUE(parameters.ok()) << parameters.status();
  EXPECT_EQ(parameters->max_batch_size, 128);
}

TEST_F(BatchingParametersFileTest, ErrorsSayWhere) {
  auto status = Read("max_batch_size { value: 128 }\nmax_batch: 3\n").status();
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(status.message()), HasSubstr("line 2, column "));
  EXPECT_THAT(std::string(status.message()), HasSubstr(path_));
  status = Read("max_batch_size { value: -128 }").status();
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(status.message()), HasSubstr(path_ + ": max_batch_size must be"));
  EXPECT_EQ(ReadBatchingParametersFile("flag", "/nowhere").status().code(), absl::StatusCode::kNotFound);
}

}  // namespace
}  // namespace trilho

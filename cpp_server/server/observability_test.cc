// What is told of logged requests.

#include "cpp_server/server/observability.h"

#include <memory>
#include <string>
#include <utility>

#include "cpp_server/testing/test_directory.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace trilho {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

class ObservabilityTest : public ::testing::Test {
 protected:
  // All requests of model "m" are logged, with so much room for those that wait.
  std::unique_ptr<Observability> Logging(int64_t max_queue_bytes) {
    Observability::Options options;
    options.request_log.max_queue_bytes = max_queue_bytes;
    auto created = Observability::Create(std::move(options));
    EXPECT_TRUE(created.ok()) << created.status();
    ModelSettings model;
    model.location.name = "m";
    model.has_logging = true;
    model.logging.mutable_log_collector_config()->set_filename_prefix(folder_.Path("m"));
    model.logging.mutable_sampling_config()->set_sampling_rate(1);
    EXPECT_EQ((*created)->Configure({model}), absl::OkStatus());
    return *std::move(created);
  }

  TestDirectory folder_;
};

TEST_F(ObservabilityTest, WhatTheRequestLogHasNoRoomForIsNotCountedAsLogged) {
  const auto observability = Logging(2000);
  ASSERT_TRUE(observability->Samples("m"));
  observability->Log(PredictionLogField::kPredict, "m", std::string(2000, 'x'), "");
  const std::string count = ":tensorflow:serving:request_log_count{model_name=\"m\",status_code=";
  std::string page = observability->metrics()->Scrape();
  EXPECT_THAT(page, HasSubstr(count + "\"RESOURCE_EXHAUSTED\"} 1\n"));
  EXPECT_THAT(page, Not(HasSubstr(count + "\"OK\"}")));
  EXPECT_THAT(page, HasSubstr("trilho_request_log_dropped_total 1\n"));
  // An empty request, which fits.
  observability->Log(PredictionLogField::kPredict, "m", "", "");
  observability->FlushLogs();
  page = observability->metrics()->Scrape();
  EXPECT_THAT(page, HasSubstr(count + "\"OK\"} 1\n"));
  EXPECT_THAT(page, HasSubstr("trilho_request_log_records_total 1\n"));
}

}  // namespace
}  // namespace trilho

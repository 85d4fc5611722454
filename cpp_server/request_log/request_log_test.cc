#include "cpp_server/request_log/request_log.h"

#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "cpp_server/request_log/log_directory.h"
#include "cpp_server/warmup/warmup_file.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace trilho {
namespace {

using tensorflow::serving::LoggingConfig;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

using Kind = LogFile::Kind;

std::string PredictRequest(const std::string& signature) {
  tensorflow::serving::PredictRequest request;
  request.mutable_model_spec()->set_name("m");
  request.mutable_model_spec()->set_signature_name(signature);
  return request.SerializeAsString();
}

class RequestLogTest : public ::testing::Test {
 protected:
  std::unique_ptr<RequestLog> Make() const {
    auto log = RequestLog::Create(options_);
    EXPECT_TRUE(log.ok()) << log.status();
    return *std::move(log);
  }

  LoggingConfig Config(double rate, const std::string& name = "m") const {
    LoggingConfig config;
    config.mutable_log_collector_config()->set_filename_prefix(directory_.Prefix(name));
    config.mutable_sampling_config()->set_sampling_rate(rate);
    return config;
  }

  // Logs a Predict request of this signature.
  static void Add(RequestLog* log, const std::string& model, const std::string& signature) {
    EXPECT_EQ(log->Log(PredictionLogField::kPredict, model, PredictRequest(signature), ""), absl::OkStatus());
  }

  // The signatures of the logged Predict requests in the closed files.
  std::vector<std::string> Signatures(const std::string& name = "m") const {
    std::vector<std::string> signatures;
    for (const std::string& record : directory_.Records(name)) {
      const auto log = ReadPredictionLog(record);
      EXPECT_TRUE(log.ok()) << log.status();
      if (!log.ok() || log->request.size() != 1) continue;
      tensorflow::serving::PredictRequest request;
      EXPECT_TRUE(request.ParseFromString(std::string(log->request[0])));
      signatures.push_back(request.model_spec().signature_name());
    }
    return signatures;
  }

  LogDirectory directory_;
  RequestLogOptions options_;
};

TEST_F(RequestLogTest, LogsNothingUnlessConfigured) {
  auto log = Make();
  EXPECT_FALSE(log->Sample("m"));
  EXPECT_EQ(log->Log(PredictionLogField::kPredict, "m", PredictRequest("a"), "").code(),
            absl::StatusCode::kFailedPrecondition);
  log->Flush();
  EXPECT_EQ(log->stats().logged, 0);
  EXPECT_EQ(log->stats().dropped, 0);
  EXPECT_TRUE(std::filesystem::is_empty(directory_.path()));
}

TEST_F(RequestLogTest, ClosesItsFilesWhenItEnds) {
  auto log = Make();
  ASSERT_EQ(log->Configure({{"m", Config(1)}}), absl::OkStatus());
  EXPECT_TRUE(log->Sample("m"));
  EXPECT_FALSE(log->Sample("n"));
  Add(log.get(), "m", "a");
  Add(log.get(), "m", "b");
  EXPECT_FALSE(log->Log(PredictionLogField::kPredict, "n", PredictRequest("c"), "").ok());
  log.reset();
  EXPECT_THAT(Signatures(), ElementsAre("a", "b"));
  EXPECT_THAT(directory_.Files(Kind::kPart), IsEmpty());
}

TEST_F(RequestLogTest, StatsCountRecordsAndTheirBytes) {
  auto log = Make();
  ASSERT_EQ(log->Configure({{"m", Config(1)}}), absl::OkStatus());
  for (int i = 0; i < 10; ++i) Add(log.get(), "m", "a");
  log->Flush();
  EXPECT_EQ(log->stats().logged, 10);
  EXPECT_EQ(log->stats().dropped, 0);
  const auto files = directory_.Files(Kind::kPart);
  ASSERT_THAT(files, SizeIs(1));
  EXPECT_EQ(log->stats().bytes, files[0].bytes);
}

TEST_F(RequestLogTest, ClosesFilesThatAreOldThoughNothingMoreComes) {
  options_.files.max_file_age = std::chrono::milliseconds(50);
  auto log = Make();
  ASSERT_EQ(log->Configure({{"m", Config(1)}}), absl::OkStatus());
  Add(log.get(), "m", "a");
  while (directory_.Files(Kind::kClosed).empty()) std::this_thread::yield();
  EXPECT_THAT(Signatures(), ElementsAre("a"));
  Add(log.get(), "m", "b");
  while (directory_.Files(Kind::kClosed).size() < 2) std::this_thread::yield();
  EXPECT_THAT(Signatures(), ElementsAre("a", "b"));
  EXPECT_EQ(log->stats().logged, 2);
  EXPECT_EQ(log->stats().dropped, 0);
}

TEST_F(RequestLogTest, FlushesByItself) {
  options_.flush_interval = std::chrono::milliseconds(1);
  auto log = Make();
  ASSERT_EQ(log->Configure({{"m", Config(1)}}), absl::OkStatus());
  Add(log.get(), "m", "a");
  while (log->stats().logged == 0) std::this_thread::yield();
  EXPECT_GT(directory_.Files(Kind::kPart).at(0).bytes, 0);
}

TEST_F(RequestLogTest, ALogIsAWarmUpFileAsItIs) {
  {
    auto log = Make();
    ASSERT_EQ(log->Configure({{"m", Config(0.5)}}), absl::OkStatus());
    tensorflow::serving::PredictResponse response;
    response.mutable_model_spec()->set_name("m");
    response.mutable_model_spec()->mutable_version()->set_value(1);
    (*response.mutable_outputs())["y"].add_float_val(1);
    tensorflow::serving::ClassificationRequest classification;
    classification.mutable_model_spec()->set_signature_name("b");
    tensorflow::serving::RegressionRequest regression;
    regression.mutable_model_spec()->set_signature_name("c");
    tensorflow::serving::MultiInferenceRequest inference;
    inference.add_tasks()->mutable_model_spec()->set_signature_name("d");
    EXPECT_TRUE(log->Log(PredictionLogField::kPredict, "m", PredictRequest("a"), response.SerializeAsString()).ok());
    EXPECT_TRUE(log->Log(PredictionLogField::kClassify, "m", classification.SerializeAsString(), "").ok());
    EXPECT_TRUE(log->Log(PredictionLogField::kRegress, "m", regression.SerializeAsString(), "").ok());
    EXPECT_TRUE(log->Log(PredictionLogField::kMultiInference, "m", inference.SerializeAsString(), "").ok());
  }
  const auto files = directory_.Files(Kind::kClosed);
  ASSERT_THAT(files, SizeIs(1));
  directory_.MakeFolder("1/assets.extra");
  std::filesystem::copy_file(files[0].path, directory_.Path(absl::StrCat("1/", kWarmupFile)));

  std::vector<std::string> replayed;
  const auto record = [&replayed](const std::string& method, const tensorflow::serving::ModelSpec& spec) {
    replayed.push_back(absl::StrCat(method, " ", spec.signature_name()));
    return absl::OkStatus();
  };
  WarmupHandlers handlers;
  handlers.predict = [&](const auto& request) { return record("predict", request.model_spec()); };
  handlers.classify = [&](const auto& request) { return record("classify", request.model_spec()); };
  handlers.regress = [&](const auto& request) { return record("regress", request.model_spec()); };
  handlers.multi_inference = [&](const auto& request) { return record("multi", request.tasks(0).model_spec()); };
  const auto count = ReplayWarmupFile(directory_.Path("1"), WarmupOptions(), handlers);
  ASSERT_TRUE(count.ok()) << count.status();
  EXPECT_EQ(*count, 4);
  EXPECT_THAT(replayed, ElementsAre("predict a", "classify b", "regress c", "multi d"));
}

TEST_F(RequestLogTest, AFileHasNoMoreRecordsThanAWarmUpFileMayHave) {
  EXPECT_LE(options_.files.max_file_records, kMaxWarmupRecords);
}

TEST_F(RequestLogTest, IsReconfiguredAtRunTime) {
  auto log = Make();
  ASSERT_EQ(log->Configure({{"m", Config(1)}, {"n", Config(1, "n")}}), absl::OkStatus());
  Add(log.get(), "m", "a");
  Add(log.get(), "n", "b");
  // Another rate keeps the file; a model that is gone closes its own.
  ASSERT_EQ(log->Configure({{"m", Config(0)}}), absl::OkStatus());
  EXPECT_FALSE(log->Sample("m"));
  EXPECT_FALSE(log->Sample("n"));
  Add(log.get(), "m", "c");
  EXPECT_FALSE(log->Log(PredictionLogField::kPredict, "n", PredictRequest("d"), "").ok());
  log->Flush();
  EXPECT_THAT(Signatures("n"), ElementsAre("b"));
  EXPECT_THAT(directory_.Files(Kind::kPart), SizeIs(1));
  // Another prefix, then none.
  ASSERT_EQ(log->Configure({{"m", Config(1, "other")}}), absl::OkStatus());
  Add(log.get(), "m", "e");
  ASSERT_EQ(log->Configure({}), absl::OkStatus());
  log->Flush();
  EXPECT_THAT(Signatures(), ElementsAre("a", "c"));
  EXPECT_THAT(Signatures("other"), ElementsAre("e"));
  EXPECT_EQ(log->stats().logged, 4);
}

TEST_F(RequestLogTest, APrefixGoesFromOneModelToAnother) {
  auto log = Make();
  ASSERT_EQ(log->Configure({{"a", Config(1)}, {"b", Config(1, "n")}}), absl::OkStatus());
  Add(log.get(), "a", "1");
  Add(log.get(), "b", "2");
  ASSERT_EQ(log->Configure({{"a", Config(1, "n")}, {"b", Config(1)}}), absl::OkStatus());
  Add(log.get(), "a", "3");
  Add(log.get(), "b", "4");
  log.reset();
  EXPECT_THAT(Signatures("m"), ElementsAre("1", "4"));
  EXPECT_THAT(Signatures("n"), ElementsAre("2", "3"));
  EXPECT_THAT(directory_.Files(Kind::kClosed, "m"), SizeIs(2));
}

TEST_F(RequestLogTest, AConfigurationThatCannotBeChangesNothing) {
  auto log = Make();
  ASSERT_EQ(log->Configure({{"m", Config(1)}}), absl::OkStatus());
  const absl::Status status = log->Configure({{"n", Config(1, "n")}, {"o", Config(2, "o")}});
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_TRUE(log->Sample("m"));
  EXPECT_FALSE(log->Sample("n"));
}

TEST_F(RequestLogTest, BoundsMustMakeSense) {
  options_.max_queue_bytes = 0;
  EXPECT_THAT(RequestLog::Create(options_).status().message(), HasSubstr("max_queue_bytes is 0"));
  options_ = {};
  options_.files.max_total_bytes = options_.files.max_file_bytes - 1;
  EXPECT_THAT(RequestLog::Create(options_).status().message(), HasSubstr("must be at least max_file_bytes"));
}

TEST_F(RequestLogTest, WhatDoesNotFitIntoTheQueueIsDroppedAndCounted) {
  options_.max_queue_bytes = 2000;
  auto log = Make();
  ASSERT_EQ(log->Configure({{"m", Config(1)}}), absl::OkStatus());
  EXPECT_EQ(log->Log(PredictionLogField::kPredict, "m", PredictRequest(std::string(2000, 'x')), "").code(),
            absl::StatusCode::kResourceExhausted);
  EXPECT_EQ(log->stats().dropped, 1);
  EXPECT_EQ(log->Log(PredictionLogField::kPredict, "m", PredictRequest("a"), ""), absl::OkStatus());
  log->Flush();
  EXPECT_EQ(log->stats().dropped, 1);
  EXPECT_EQ(log->stats().logged, 1);
}

TEST_F(RequestLogTest, EveryRecordOfManyThreadsIsLoggedOrCountedAsDropped) {
  constexpr int kThreads = 4;
  constexpr int kRecords = 2000;
  options_.max_queue_bytes = 100000;
  options_.files.max_file_bytes = 100000;
  auto log = Make();
  ASSERT_EQ(log->Configure({{"m", Config(1)}, {"n", Config(1, "n")}}), absl::OkStatus());
  std::vector<std::thread> threads;
  std::atomic<int64_t> refused{0};
  for (int i = 0; i < kThreads; ++i) {
    threads.emplace_back([&log, &refused, i] {
      const std::string request = PredictRequest(std::string(500, 'x'));
      for (int j = 0; j < kRecords; ++j) {
        if (!log->Log(PredictionLogField::kPredict, i % 2 == 0 ? "m" : "n", request, request).ok()) ++refused;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  log->Flush();
  const RequestLogStats stats = log->stats();
  EXPECT_EQ(stats.logged + stats.dropped, kThreads * kRecords);
  EXPECT_EQ(stats.dropped, refused);
  EXPECT_GT(stats.logged, 0);
  log.reset();
  EXPECT_EQ(static_cast<int64_t>(directory_.Records("m").size() + directory_.Records("n").size()), stats.logged);
}

TEST_F(RequestLogTest, ChangesOfConfigurationWhileOthersLogLoseNothingUncounted) {
  std::atomic<bool> stop{false};
  int64_t added = 0, refused = 0;
  auto log = Make();
  ASSERT_EQ(log->Configure({{"m", Config(1)}}), absl::OkStatus());
  std::thread thread([&] {
    const std::string request = PredictRequest("a");
    while (!stop) {
      if (!log->Log(PredictionLogField::kPredict, "m", request, "").ok()) ++refused;
      ++added;
    }
  });
  for (int i = 0; i < 50; ++i) {
    EXPECT_EQ(log->Configure({{"m", Config(1, absl::StrCat("m", i % 2))}}), absl::OkStatus());
  }
  stop = true;
  thread.join();
  log->Flush();
  EXPECT_EQ(log->stats().logged + log->stats().dropped, added);
  EXPECT_EQ(log->stats().dropped, refused);
}

TEST_F(RequestLogTest, WhatAKilledProcessFlushedIsClosedByTheNext) {
  const pid_t child = ::fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    auto log = Make();
    if (!log->Configure({{"m", Config(1)}}).ok()) ::_exit(1);
    Add(log.get(), "m", "a");
    Add(log.get(), "m", "b");
    log->Flush();
    ::raise(SIGKILL);
  }
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  ASSERT_TRUE(WIFSIGNALED(status)) << status;
  const auto left = directory_.Files(Kind::kPart);
  ASSERT_THAT(left, SizeIs(1));
  // It was killed within a write.
  std::ofstream(left[0].path, std::ios::binary | std::ios::app) << "unfinished";

  auto log = Make();
  ASSERT_EQ(log->Configure({{"m", Config(1)}}), absl::OkStatus());
  Add(log.get(), "m", "c");
  log->Flush();
  EXPECT_THAT(Signatures(), ElementsAre("a", "b"));
  log.reset();
  EXPECT_THAT(Signatures(), ElementsAre("a", "b", "c"));
}

}  // namespace
}  // namespace trilho

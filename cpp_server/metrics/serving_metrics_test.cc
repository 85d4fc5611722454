#include "cpp_server/metrics/serving_metrics.h"

#include <memory>
#include <thread>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace trilho {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

InferenceRecord Record(absl::Status status = absl::OkStatus()) {
  InferenceRecord record;
  record.model = "mnist";
  record.version = 3;
  record.signature = "serving_default";
  record.method = "Predict";
  record.status = std::move(status);
  record.duration = std::chrono::microseconds(1500);
  record.times.queued = 200;
  record.times.run = 1000;
  record.examples = 5;
  return record;
}

// The page's lines of the series of `family`, without buckets.
std::vector<std::string> Lines(const ServingMetrics& metrics, absl::string_view family) {
  std::vector<std::string> lines;
  for (absl::string_view line : absl::StrSplit(metrics.Scrape(), '\n')) {
    absl::string_view rest = line;
    if (!absl::ConsumePrefix(&rest, family) || absl::StartsWith(rest, "_bucket")) continue;
    if (rest.empty() || absl::StrContains("{ _", rest.substr(0, 1))) lines.emplace_back(line);
  }
  return lines;
}

std::string Text(const ServingMetrics& metrics, const std::vector<std::string>& families) {
  std::vector<std::string> lines;
  for (const std::string& family : families) {
    for (std::string& line : Lines(metrics, family)) lines.push_back(std::move(line));
  }
  return absl::StrJoin(lines, "\n");
}

// The buckets of the only series of `family`.
std::vector<std::string> Bounds(const ServingMetrics& metrics, const std::string& family) {
  std::vector<std::string> bounds;
  for (absl::string_view line : absl::StrSplit(metrics.Scrape(), '\n')) {
    if (!absl::StartsWith(line, family + "_bucket")) continue;
    const std::vector<absl::string_view> parts = absl::StrSplit(line, '"');
    bounds.emplace_back(parts[parts.size() - 2]);
  }
  return bounds;
}

// On the heap, as a fixture is: the stack that AddressSanitizer makes up has no room for its alignment.
class ServingMetricsTest : public ::testing::Test {
 protected:
  ServingMetrics metrics_{{}};
};

TEST_F(ServingMetricsTest, AnInferenceInTfServingsMetrics) {
  metrics_.OnEnd(Record());
  metrics_.OnEnd(Record(absl::InvalidArgumentError("no")));
  EXPECT_EQ(Text(metrics_, {":tensorflow:serving:request_count", ":tensorflow:serving:request_latency",
                            ":tensorflow:serving:runtime_latency"}),
            ":tensorflow:serving:request_count{model_name=\"mnist\",status=\"INVALID_ARGUMENT\"} 1\n"
            ":tensorflow:serving:request_count{model_name=\"mnist\",status=\"OK\"} 1\n"
            ":tensorflow:serving:request_latency_sum{model_name=\"mnist\",API=\"Predict\",entrypoint=\"GRPC\"} 1500\n"
            ":tensorflow:serving:request_latency_count{model_name=\"mnist\",API=\"Predict\",entrypoint=\"GRPC\"} 1\n"
            ":tensorflow:serving:runtime_latency_sum{model_name=\"mnist\",API=\"Predict\",runtime=\"TF1\"} 1000\n"
            ":tensorflow:serving:runtime_latency_count{model_name=\"mnist\",API=\"Predict\",runtime=\"TF1\"} 1");
  EXPECT_THAT(Lines(metrics_, ":tensorflow:serving:request_example_counts"), ElementsAre())
      << "TF Serving counts no examples of Predict";
}

TEST_F(ServingMetricsTest, LatencyBucketsAreTfServings) {
  metrics_.OnEnd(Record());
  const std::vector<std::string> bounds = Bounds(metrics_, ":tensorflow:serving:request_latency");
  ASSERT_EQ(bounds.size(), 34u);
  EXPECT_THAT(std::vector<std::string>(bounds.begin(), bounds.begin() + 6),
              ElementsAre("10", "18", "32.4", "58.32", "104.976", "188.957"));
  EXPECT_EQ(bounds[32], "1.47476e+09");
  EXPECT_EQ(bounds[33], "+Inf");
}

TEST_F(ServingMetricsTest, RestHasItsOwnEntrypointAndNameOfTheApi) {
  InferenceRecord record = Record();
  record.method = "classify";
  record.protocol = Protocol::kRest;
  metrics_.OnEnd(record);
  EXPECT_EQ(
      Text(metrics_, {":tensorflow:serving:request_latency", ":tensorflow:serving:runtime_latency",
                      ":tensorflow:serving:request_example_counts", ":tensorflow:serving:request_example_count_total"}),
      ":tensorflow:serving:request_latency_sum{model_name=\"mnist\",API=\"classify\",entrypoint=\"REST\"} 1500\n"
      ":tensorflow:serving:request_latency_count{model_name=\"mnist\",API=\"classify\",entrypoint=\"REST\"} 1\n"
      ":tensorflow:serving:runtime_latency_sum{model_name=\"mnist\",API=\"Classify\",runtime=\"TF1\"} 1000\n"
      ":tensorflow:serving:runtime_latency_count{model_name=\"mnist\",API=\"Classify\",runtime=\"TF1\"} 1\n"
      ":tensorflow:serving:request_example_counts_sum{model=\"mnist\"} 5\n"
      ":tensorflow:serving:request_example_counts_count{model=\"mnist\"} 1\n"
      ":tensorflow:serving:request_example_count_total{model=\"mnist\"} 5");
}

TEST_F(ServingMetricsTest, WhatTfServingDoesNotCountIsOnlyInTrilhos) {
  InferenceRecord record = Record();
  record.method = "ClassifyDigit";
  metrics_.OnEnd(record);
  record.method = "MultiInference";
  metrics_.OnEnd(record);
  EXPECT_THAT(Lines(metrics_, ":tensorflow:serving:request_count"), ElementsAre());
  EXPECT_THAT(Lines(metrics_, ":tensorflow:serving:request_latency"), ElementsAre());
  EXPECT_THAT(metrics_.Scrape(),
              HasSubstr(":tensorflow:serving:runtime_latency_count{model_name=\"mnist\",API=\"MultiInference\","
                        "runtime=\"TF1\"} 1\n"));
  EXPECT_EQ(Text(metrics_, {"trilho_requests_total"}),
            "trilho_requests_total{model=\"mnist\",version=\"3\",signature=\"serving_default\","
            "method=\"ClassifyDigit\",protocol=\"grpc\",code=\"OK\"} 1\n"
            "trilho_requests_total{model=\"mnist\",version=\"3\",signature=\"serving_default\","
            "method=\"MultiInference\",protocol=\"grpc\",code=\"OK\"} 1");
}

TEST_F(ServingMetricsTest, AnInferenceInTrilhosMetrics) {
  metrics_.OnEnd(Record());
  InferenceRecord failed = Record(absl::UnavailableError("full"));
  failed.duration = std::chrono::microseconds(500);
  metrics_.OnEnd(failed);
  const std::string by_signature = "{model=\"mnist\",version=\"3\",signature=\"serving_default\"";
  const std::string labels = by_signature + ",method=\"Predict\",protocol=\"grpc\"";
  EXPECT_EQ(Text(metrics_, {"trilho_requests_total", "trilho_request_duration_seconds", "trilho_queue_wait_seconds",
                            "trilho_run_seconds"}),
            absl::StrCat("trilho_requests_total", labels, ",code=\"OK\"} 1\n",           //
                         "trilho_requests_total", labels, ",code=\"UNAVAILABLE\"} 1\n",  //
                         "trilho_request_duration_seconds_sum", labels, "} 0.002\n",     //
                         "trilho_request_duration_seconds_count", labels, "} 2\n",       //
                         "trilho_queue_wait_seconds_sum", by_signature, "} 2e-04\n",     //
                         "trilho_queue_wait_seconds_count", by_signature, "} 1\n",       //
                         "trilho_run_seconds_sum", by_signature, "} 0.001\n",            //
                         "trilho_run_seconds_count", by_signature, "} 1"));
}

TEST_F(ServingMetricsTest, AModelThatIsNotThereIsCountedUnderTheNameAskedFor) {
  InferenceRecord record = Record(absl::NotFoundError("Servable not found for request: Latest(guess)"));
  record.model = "guess";
  record.version = absl::nullopt;
  record.signature = "whatever";
  metrics_.OnEnd(record);
  EXPECT_EQ(Text(metrics_, {":tensorflow:serving:request_count", "trilho_requests_total"}),
            ":tensorflow:serving:request_count{model_name=\"guess\",status=\"NOT_FOUND\"} 1\n"
            "trilho_requests_total{model=\"guess\",version=\"\",signature=\"\",method=\"Predict\",protocol=\"grpc\","
            "code=\"NOT_FOUND\"} 1");
  EXPECT_THAT(metrics_.Scrape(), AllOf(Not(HasSubstr("trilho_request_duration_seconds")), Not(HasSubstr("whatever"))));
}

TEST_F(ServingMetricsTest, GuessedModelNamesMakeABoundedNumberOfSeriesAndNoneIsLost) {
  constexpr int kGuesses = 3000;
  InferenceRecord record = Record(absl::NotFoundError(""));
  record.version = absl::nullopt;
  for (int i = 0; i < kGuesses; ++i) {
    record.model = absl::StrCat("guess", i);
    metrics_.OnEnd(record);
  }
  metrics_.OnEnd(Record());
  for (const char* family : {":tensorflow:serving:request_count", "trilho_requests_total"}) {
    const std::vector<std::string> lines = Lines(metrics_, family);
    EXPECT_EQ(lines.size(), kMaxSeries / 4 + 2) << "guesses, other guesses, mnist";
    EXPECT_THAT(lines, ::testing::Contains(HasSubstr("\"mnist\""))) << "what is served has room of its own";
    EXPECT_THAT(lines, ::testing::Contains(AllOf(HasSubstr("=\"other\""), HasSubstr("\"NOT_FOUND\"} 2750"))));
  }
}

TEST_F(ServingMetricsTest, AfterManyVersionsModelsAreStillToldApart) {
  constexpr int kVersions = 2000;
  InferenceRecord record = Record();
  for (int version = 1; version <= kVersions; ++version) {
    for (const char* const model : {"census", "mnist"}) {
      record.model = model;
      record.version = version;
      metrics_.OnEnd(record);
    }
  }
  EXPECT_EQ(Text(metrics_, {":tensorflow:serving:request_count"}),
            ":tensorflow:serving:request_count{model_name=\"census\",status=\"OK\"} 2000\n"
            ":tensorflow:serving:request_count{model_name=\"mnist\",status=\"OK\"} 2000");
  const std::vector<std::string> lines = Lines(metrics_, "trilho_requests_total");
  EXPECT_EQ(lines.size(), kMaxSeries * 3 / 4 + 2);
  for (const char* const model : {"census", "mnist"}) {
    EXPECT_THAT(lines, ::testing::Contains(AllOf(HasSubstr(absl::StrCat("{model=\"", model, "\",version=\"other\"")),
                                                 HasSubstr(" 1625"))));
  }
}

TEST_F(ServingMetricsTest, ManyThreadsAreCountedExactly) {
  constexpr int kThreads = 8, kTimes = 5000;
  std::vector<std::thread> threads;
  threads.reserve(kThreads);
  for (int thread = 0; thread < kThreads; ++thread) {
    threads.emplace_back([this] {
      InferenceRecord record = Record();
      InferenceRecord failed = Record(absl::InternalError(""));
      for (int i = 0; i < kTimes; ++i) {
        record.version = failed.version = i % 3;
        metrics_.OnBegin();
        metrics_.OnEnd(i % 5 == 0 ? failed : record);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  const std::string page = metrics_.Scrape();
  constexpr int kAll = kThreads * kTimes;
  EXPECT_THAT(page, HasSubstr(absl::StrCat("request_count{model_name=\"mnist\",status=\"OK\"} ", kAll * 4 / 5, "\n")));
  EXPECT_THAT(page,
              HasSubstr(absl::StrCat("request_count{model_name=\"mnist\",status=\"INTERNAL\"} ", kAll / 5, "\n")));
  EXPECT_THAT(page, HasSubstr(absl::StrCat("request_latency_sum{model_name=\"mnist\",API=\"Predict\","
                                           "entrypoint=\"GRPC\"} ",
                                           int64_t{kAll} * 4 / 5 * 1500, "\n")));
  EXPECT_THAT(page, HasSubstr("\ntrilho_requests_in_flight 0\n"));
}

TEST_F(ServingMetricsTest, RequestsInFlight) {
  metrics_.OnBegin();
  metrics_.OnBegin();
  metrics_.OnBegin();
  metrics_.OnEnd(Record());
  EXPECT_THAT(Lines(metrics_, "trilho_requests_in_flight"), ElementsAre("trilho_requests_in_flight 2"));
}

TEST_F(ServingMetricsTest, WhatWaitsForAThreadIsInFlightToo) {
  ServingMetrics::Options options;
  options.waiting_calls = [] { return std::map<std::string, size_t>{{"grpc", 3}, {"rest", 0}}; };
  // On the heap, since the stack that AddressSanitizer makes up aligns it to less than a line.
  const auto metrics = std::make_unique<ServingMetrics>(options);
  metrics->OnBegin();
  EXPECT_THAT(Lines(*metrics, "trilho_requests_in_flight"), ElementsAre("trilho_requests_in_flight 4"));
  EXPECT_THAT(Lines(*metrics, "trilho_queued_requests"), ElementsAre("trilho_queued_requests{protocol=\"grpc\"} 3",
                                                                     "trilho_queued_requests{protocol=\"rest\"} 0"));
}

TEST_F(ServingMetricsTest, Batches) {
  EXPECT_THAT(metrics_.Scrape(), HasSubstr(":tensorflow:serving:batching_session:wrapped_run_count 0\n"));
  const std::vector<int64_t> waits = {50, 150};
  BatchRecord batch;
  batch.model = "mnist";
  batch.version = 3;
  batch.signature = "serving_default";
  batch.tasks = 2;
  batch.input_size = 6;
  batch.padded_size = 8;
  batch.waits_micros = waits;
  batch.run_micros = 900;
  metrics_.OnBatch(batch);
  const std::string session = ":tensorflow:serving:batching_session";
  EXPECT_EQ(Text(metrics_, {session + ":input_batch_size", session + ":padding_size", session + ":processed_batch_size",
                            session + ":queuing_latency", session + ":wrapped_run_count"}),
            absl::StrCat(session, ":input_batch_size_sum 6\n",                            //
                         session, ":input_batch_size_count 1\n",                          //
                         session, ":padding_size_sum{execution_batch_size=\"8\"} 2\n",    //
                         session, ":padding_size_count{execution_batch_size=\"8\"} 1\n",  //
                         session, ":processed_batch_size_sum 8\n",                        //
                         session, ":processed_batch_size_count 1\n",                      //
                         session, ":queuing_latency_sum{thread_pool_name=\"\"} 200\n",    //
                         session, ":queuing_latency_count{thread_pool_name=\"\"} 2\n",    //
                         session, ":wrapped_run_count 1"));
  const std::string labels = "{model=\"mnist\",version=\"3\",signature=\"serving_default\"}";
  EXPECT_EQ(Text(metrics_, {"trilho_batch_size", "trilho_batch_tasks", "trilho_batch_padding"}),
            absl::StrCat("trilho_batch_size_sum", labels, " 6\ntrilho_batch_size_count", labels,        //
                         " 1\ntrilho_batch_tasks_sum", labels, " 2\ntrilho_batch_tasks_count", labels,  //
                         " 1\ntrilho_batch_padding_sum", labels, " 2\ntrilho_batch_padding_count", labels, " 1"));
}

TEST_F(ServingMetricsTest, BucketsOfBatches) {
  const std::vector<int64_t> waits = {50};
  BatchRecord batch;
  batch.waits_micros = waits;
  metrics_.OnBatch(batch);
  EXPECT_EQ(absl::StrJoin(Bounds(metrics_, "trilho_batch_size"), " "),
            "1 2 4 8 16 32 64 128 256 512 1024 2048 4096 8192 +Inf");
  EXPECT_EQ(absl::StrJoin(Bounds(metrics_, "trilho_batch_padding"), " "),
            "0 1 2 4 8 16 32 64 128 256 512 1024 2048 4096 8192 +Inf");
  const std::vector<std::string> queuing = Bounds(metrics_, ":tensorflow:serving:batching_session:queuing_latency");
  ASSERT_EQ(queuing.size(), 53u);
  EXPECT_EQ(queuing[1], "120");
  EXPECT_EQ(Bounds(metrics_, ":tensorflow:serving:batching_session:padding_size").size(), 15u);
}

TEST_F(ServingMetricsTest, WarmUps) {
  metrics_.OnWarmup("/models/mnist/3", absl::StatusCode::kOk, 7, 5000);
  EXPECT_EQ(Text(metrics_, {":tensorflow:serving:model_warmup_latency"}),
            ":tensorflow:serving:model_warmup_latency_sum{model_path=\"/models/mnist/3\",status=\"OK\"} 5000\n"
            ":tensorflow:serving:model_warmup_latency_count{model_path=\"/models/mnist/3\",status=\"OK\"} 1");
  metrics_.OnWarmup("/models/mnist/4", absl::StatusCode::kDataLoss, 2, 10);
  EXPECT_EQ(Text(metrics_, {":tensorflow:serving:model_warmup_records_read"}),
            ":tensorflow:serving:model_warmup_records_read{model_path=\"/models/mnist/3\",status=\"OK\"} 7\n"
            ":tensorflow:serving:model_warmup_records_read{model_path=\"/models/mnist/4\",status=\"DATA_LOSS\"} 2");
}

TEST_F(ServingMetricsTest, StatesOfVersionsAndBuildAreReadAtScrapeTime) {
  ServingMetrics::Options options;
  options.version = "1.2";
  options.tensorflow_version = "2.14.0";
  ManagerState state = ManagerState::kLoading;
  options.model_states = [&state] {
    return std::map<std::string, std::vector<ServableState>>{
        {"m",
         {{{"m", 4}, ManagerState::kEnd, absl::UnavailableError("Perhaps still being written")},
          {{"m", 3}, ManagerState::kEnd, absl::NotFoundError("no graph")},
          {{"m", 2}, state, {}},
          {{"m", 1}, ManagerState::kEnd, {}}}}};
  };
  const auto owned = std::make_unique<ServingMetrics>(options);
  ServingMetrics& metrics = *owned;
  EXPECT_THAT(metrics.Scrape(), HasSubstr("trilho_model_version_state{model=\"m\",version=\"2\",state=\"LOADING\"} 1"));
  state = ManagerState::kAvailable;
  EXPECT_EQ(Text(metrics, {"trilho_model_version_state", "trilho_build_info"}),
            "trilho_model_version_state{model=\"m\",version=\"1\",state=\"END\"} 1\n"
            "trilho_model_version_state{model=\"m\",version=\"2\",state=\"AVAILABLE\"} 1\n"
            "trilho_model_version_state{model=\"m\",version=\"2\",state=\"END\"} 0\n"
            "trilho_model_version_state{model=\"m\",version=\"2\",state=\"LOADING\"} 0\n"
            "trilho_model_version_state{model=\"m\",version=\"2\",state=\"START\"} 0\n"
            "trilho_model_version_state{model=\"m\",version=\"2\",state=\"UNLOADING\"} 0\n"
            "trilho_model_version_state{model=\"m\",version=\"3\",state=\"FAILED\"} 1\n"
            "trilho_model_version_state{model=\"m\",version=\"4\",state=\"WAITING\"} 1\n"
            "trilho_build_info{version=\"1.2\",tensorflow=\"2.14.0\"} 1");
}

TEST_F(ServingMetricsTest, OtherPartsOfTheServerAddTheirOwn) {
  metrics_.registry()->AddCounter({"trilho_access_log_dropped_total", "Lines.", {}})->With({})->Increment(7);
  EXPECT_THAT(metrics_.Scrape(),
              AllOf(HasSubstr("\ntrilho_access_log_dropped_total 7\n"), HasSubstr("\nprocess_resident_memory_bytes ")));
}

}  // namespace
}  // namespace trilho

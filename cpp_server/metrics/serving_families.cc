#include "cpp_server/metrics/serving_families.h"

#include <memory>
#include <utility>
#include <vector>

namespace trilho {
namespace {

// 1, 2.5 and 5 of each power of ten: from 0.1 ms, which is little more than a call, to a minute.
HistogramBounds SecondsBounds() {
  return std::make_shared<const std::vector<double>>(std::vector<double>{
      0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60});
}

// 0, 1, 2, 4, ...: most batches need no padding.
HistogramBounds PaddingBounds() {
  const HistogramBounds powers = ExponentialBounds(1, 2, 14);
  std::vector<double> bounds{0};
  bounds.insert(bounds.end(), powers->begin(), powers->end());
  return std::make_shared<const std::vector<double>>(std::move(bounds));
}

}  // namespace

TfServingFamilies::TfServingFamilies(MetricRegistry* registry) {
  const HistogramBounds latency = ExponentialBounds(10, 1.8, 33);
  const HistogramBounds batch = ExponentialBounds(1, 2, 14);
  request_count = registry->AddCounter(
      {":tensorflow:serving:request_count", "The total number of requests by status.", {"model_name", "status"}, 1});
  request_latency = registry->AddHistogram({":tensorflow:serving:request_latency",
                                            "Latency of successful requests in microseconds.",
                                            {"model_name", "API", "entrypoint"},
                                            1},
                                           latency);
  runtime_latency = registry->AddHistogram({":tensorflow:serving:runtime_latency",
                                            "Latency of TensorFlow's run in microseconds.",
                                            {"model_name", "API", "runtime"},
                                            1},
                                           latency);
  request_example_counts = registry->AddHistogram(
      {":tensorflow:serving:request_example_counts", "The number of tensorflow.Examples in a request.", {"model"}, 1},
      ExponentialBounds(1, 2, 15));
  request_example_count_total = registry->AddCounter(
      {":tensorflow:serving:request_example_count_total", "The total number of tensorflow.Examples.", {"model"}, 1});
  model_warmup_latency = registry->AddHistogram({":tensorflow:serving:model_warmup_latency",
                                                 "Latency of a model's warm-up in microseconds.",
                                                 {"model_path", "status"},
                                                 1},
                                                latency);
  model_warmup_records_read = registry->AddCounter({":tensorflow:serving:model_warmup_records_read",
                                                    "Records of a model's warm-up that were replayed.",
                                                    {"model_path", "status"},
                                                    1});
  request_log_count = registry->AddCounter({":tensorflow:serving:request_log_count",
                                            "Requests that the request log was given, by whether its queue took them.",
                                            {"model_name", "status_code"},
                                            1});
  batching_session_queuing_latency =
      registry->AddHistogram({":tensorflow:serving:batching_session:queuing_latency",
                              "Time that a request waited for its batch in microseconds.",
                              {"thread_pool_name"}},
                             ExponentialBounds(100, 1.2, 52));
  batching_session_wrapped_run_count = registry->AddCounter(
      {":tensorflow:serving:batching_session:wrapped_run_count", "The number of batches that were run.", {}});
  batching_session_padding_size = registry->AddHistogram({":tensorflow:serving:batching_session:padding_size",
                                                          "Rows that padded a batch up to an allowed size.",
                                                          {"execution_batch_size"},
                                                          1},
                                                         batch);
  batching_session_input_batch_size = registry->AddHistogram(
      {":tensorflow:serving:batching_session:input_batch_size", "Rows in a batch before padding.", {}}, batch);
  batching_session_processed_batch_size = registry->AddHistogram(
      {":tensorflow:serving:batching_session:processed_batch_size", "Rows in a batch after padding.", {}}, batch);
}

TrilhoFamilies::TrilhoFamilies(MetricRegistry* registry) {
  const HistogramBounds seconds = SecondsBounds();
  const std::vector<std::string> by_signature = {"model", "version", "signature"};
  const size_t open = by_signature.size();
  // The version: after months of swaps, models must still be told apart.
  constexpr size_t kFirstGivenUp = 1;
  requests_total = registry->AddCounter({"trilho_requests_total",
                                         "Inferences that ended, by status code.",
                                         {"model", "version", "signature", "method", "protocol", "code"},
                                         open,
                                         kFirstGivenUp});
  request_duration =
      registry->AddHistogram({"trilho_request_duration_seconds",
                              "Time from when a request had come to its answer, its wait for a thread included, of all "
                              "that found a model.",
                              {"model", "version", "signature", "method", "protocol"},
                              open,
                              kFirstGivenUp},
                             seconds);
  queue_wait = registry->AddHistogram(
      {"trilho_queue_wait_seconds", "Time that a successful inference waited for a thread and for its batch.",
       by_signature, open, kFirstGivenUp},
      seconds);
  run = registry->AddHistogram({"trilho_run_seconds", "Time that a successful inference's run took in TensorFlow.",
                                by_signature, open, kFirstGivenUp},
                               seconds);
  batch_size = registry->AddHistogram(
      {"trilho_batch_size", "Rows in a batch before padding.", by_signature, open, kFirstGivenUp},
      ExponentialBounds(1, 2, 14));
  batch_tasks = registry->AddHistogram(
      {"trilho_batch_tasks", "Requests in a batch.", by_signature, open, kFirstGivenUp}, ExponentialBounds(1, 2, 14));
  batch_padding = registry->AddHistogram(
      {"trilho_batch_padding", "Rows that padded a batch up to an allowed size.", by_signature, open, kFirstGivenUp},
      PaddingBounds());
}

}  // namespace trilho

#include "cpp_server/metrics/serving_metrics.h"

#include <array>
#include <atomic>
#include <chrono>
#include <memory>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "cpp_server/metrics/process_metrics.h"

namespace trilho {
namespace {

constexpr double kMicrosPerSecond = 1e6;
// Of Trilho's own families, see TrilhoFamilies.
constexpr size_t kVersionLabel = 1;
constexpr size_t kStatusCodes = static_cast<size_t>(absl::StatusCode::kUnauthenticated) + 1;

// A series that is looked up when it is first needed. `find` always finds the same one, so it does not matter if two
// threads do.
template <typename T>
class LazySeries {
 public:
  template <typename Find>
  T* Get(Find find) {
    T* series = series_.load(std::memory_order_acquire);
    if (series == nullptr) {
      series = find();
      series_.store(series, std::memory_order_release);
    }
    return series;
  }

 private:
  std::atomic<T*> series_{nullptr};
};

// TF Serving's name of `method`, which REST has in lower case; empty for one that it does not have.
absl::string_view TfServingApi(absl::string_view method) {
  for (const char* api : {"Predict", "Classify", "Regress", "MultiInference"}) {
    if (absl::EqualsIgnoreCase(method, api)) return api;
  }
  return "";
}

}  // namespace

struct ServingMetrics::RequestSeries {
  RequestSeries(const TfServingFamilies& tf_in, const TrilhoFamilies& own_in, const std::vector<std::string>& values)
      : tf(tf_in),
        own(own_in),
        model(values[0]),
        version(values[1]),
        signature(values[2]),
        method(values[3]),
        protocol(values[4]),
        origin(version.empty() ? LabelOrigin::kRequest : LabelOrigin::kServer),
        tf_api(TfServingApi(method)),
        // Of the others TF Serving records only the run.
        tf_counts_requests(!tf_api.empty() && tf_api != "MultiInference"),
        tf_counts_examples(!tf_api.empty() && tf_api != "Predict") {}

  void Count(absl::StatusCode code) {
    const auto index = static_cast<size_t>(code);
    const auto find = [&] {
      return own.requests_total->With({model, version, signature, method, protocol, absl::StatusCodeToString(code)},
                                      origin);
    };
    requests[index].Get(find)->Increment();
    if (!tf_counts_requests) return;
    const auto find_tf = [&] { return tf.request_count->With({model, absl::StatusCodeToString(code)}, origin); };
    tf_requests[index].Get(find_tf)->Increment();
  }

  void ObserveDuration(double micros) {
    duration.Get([&] {
              return own.request_duration->With({model, version, signature, method, protocol}, origin);
            })
        ->Observe(micros / kMicrosPerSecond);
  }

  void ObserveSuccess(double micros, const RunTimes& times, int64_t examples) {
    const auto queued = static_cast<double>(times.queued), ran = static_cast<double>(times.run);
    queue_wait.Get([&] {
                return own.queue_wait->With({model, version, signature}, origin);
              })
        ->Observe(queued / kMicrosPerSecond);
    run.Get([&] { return own.run->With({model, version, signature}, origin); })->Observe(ran / kMicrosPerSecond);
    if (tf_api.empty()) return;
    tf_run.Get([&] { return tf.runtime_latency->With({model, tf_api, "TF1"}, origin); })->Observe(ran);
    if (tf_counts_requests) {
      const absl::string_view entrypoint = protocol == "rest" ? "REST" : "GRPC";
      tf_latency.Get([&] { return tf.request_latency->With({model, method, entrypoint}, origin); })->Observe(micros);
    }
    if (tf_counts_examples) {
      tf_examples.Get([&] { return tf.request_example_counts->With({model}, origin); })
          ->Observe(static_cast<double>(examples));
      tf_example_total.Get([&] { return tf.request_example_count_total->With({model}, origin); })
          ->Increment(static_cast<uint64_t>(examples));
    }
  }

  const TfServingFamilies& tf;
  const TrilhoFamilies& own;
  const std::string model, version, signature, method, protocol;
  const LabelOrigin origin;
  const absl::string_view tf_api;
  const bool tf_counts_requests, tf_counts_examples;
  std::array<LazySeries<Counter>, kStatusCodes> requests, tf_requests;
  LazySeries<Histogram> duration, queue_wait, run, tf_latency, tf_run, tf_examples;
  LazySeries<Counter> tf_example_total;
};

struct ServingMetrics::BatchSeries {
  BatchSeries(const TrilhoFamilies& own, const std::vector<std::string>& values)
      : size(own.batch_size->With({values[0], values[1], values[2]})),
        tasks(own.batch_tasks->With({values[0], values[1], values[2]})),
        padding(own.batch_padding->With({values[0], values[1], values[2]})) {}

  Histogram* const size;
  Histogram* const tasks;
  Histogram* const padding;
};

ServingMetrics::ServingMetrics(Options options)
    : tf_serving_(&registry_),
      trilho_(&registry_),
      requests_(
          3,
          [this](const std::vector<std::string>& values) {
            return std::make_unique<RequestSeries>(tf_serving_, trilho_, values);
          },
          kMaxSeries, kVersionLabel),
      batches_(
          3, [this](const std::vector<std::string>& values) { return std::make_unique<BatchSeries>(trilho_, values); },
          kMaxSeries, kVersionLabel) {
  tf_serving_.batching_session_wrapped_run_count->With({});
  AddInFlight(std::move(options.waiting_calls));
  AddBuildInfo(options);
  if (options.model_states) AddModelStates(std::move(options.model_states));
  AddProcessMetrics(&registry_);
}

ServingMetrics::~ServingMetrics() = default;

void ServingMetrics::OnEnd(const InferenceRecord& record) {
  ended_.Increment();
  const bool found = record.version.has_value();
  const absl::AlphaNum version(record.version.value_or(0));
  const absl::string_view protocol = record.protocol == Protocol::kRest ? "rest" : "grpc";
  RequestSeries* const series =
      found ? requests_.With({record.model, version.Piece(), record.signature, record.method, protocol})
            : requests_.With({record.model, "", "", record.method, protocol}, LabelOrigin::kRequest);
  series->Count(record.status.code());
  if (!found) return;
  const double micros = std::chrono::duration<double, std::micro>(record.duration).count();
  series->ObserveDuration(micros);
  if (record.status.ok()) series->ObserveSuccess(micros, record.times, record.examples);
}

void ServingMetrics::OnBatch(const BatchRecord& batch) {
  const auto input_size = static_cast<double>(batch.input_size), padded_size = static_cast<double>(batch.padded_size);
  BatchSeries* const series = batches_.With({batch.model, absl::AlphaNum(batch.version).Piece(), batch.signature});
  series->size->Observe(input_size);
  series->tasks->Observe(static_cast<double>(batch.tasks));
  series->padding->Observe(padded_size - input_size);

  tf_serving_.batching_session_wrapped_run_count->With({})->Increment();
  Histogram* const queuing = tf_serving_.batching_session_queuing_latency->With({""});
  for (const int64_t wait : batch.waits_micros) queuing->Observe(static_cast<double>(wait));
  tf_serving_.batching_session_padding_size->With({absl::AlphaNum(batch.padded_size).Piece()})
      ->Observe(padded_size - input_size);
  tf_serving_.batching_session_input_batch_size->With({})->Observe(input_size);
  tf_serving_.batching_session_processed_batch_size->With({})->Observe(padded_size);
}

void ServingMetrics::OnWarmup(absl::string_view path, absl::StatusCode ended, int records, int64_t micros) {
  const std::string status = absl::StatusCodeToString(ended);
  tf_serving_.model_warmup_records_read->With({path, status})->Increment(static_cast<uint64_t>(records));
  tf_serving_.model_warmup_latency->With({path, status})->Observe(static_cast<double>(micros));
}

void ServingMetrics::OnLogged(absl::string_view model, absl::StatusCode said) {
  tf_serving_.request_log_count->With({model, absl::StatusCodeToString(said)})->Increment();
}

void ServingMetrics::AddInFlight(WaitingCalls waiting_calls) {
  if (!waiting_calls) waiting_calls = [] { return std::map<std::string, size_t>(); };
  registry_.AddCallback({"trilho_requests_in_flight", "Inferences that came and have not ended.", {}},
                        MetricType::kGauge, [this, waiting_calls] {
                          // In this order, what begins meanwhile counts as in flight, and nothing as less than none.
                          const auto ended = static_cast<double>(ended_.Value());
                          double in_flight = static_cast<double>(begun_.Value());
                          in_flight = in_flight > ended ? in_flight - ended : 0;
                          for (const auto& protocol : waiting_calls())
                            in_flight += static_cast<double>(protocol.second);
                          return std::vector<MetricSample>{{{}, in_flight}};
                        });
  registry_.AddCallback({"trilho_queued_requests",
                         "Inferences that wait for a thread, or for the first load of their model.",
                         {"protocol"}},
                        MetricType::kGauge, [waiting_calls] {
                          std::vector<MetricSample> samples;
                          for (const auto& protocol : waiting_calls()) {
                            samples.push_back({{protocol.first}, static_cast<double>(protocol.second)});
                          }
                          return samples;
                        });
}

void ServingMetrics::AddModelStates(ModelStates model_states) {
  const MetricDescriptor descriptor = {
      "trilho_model_version_state",
      "1 for the state that a version is in, 0 for the others; of an ended version only how it ended: END, FAILED, or "
      "WAITING if it is still being written.",
      {"model", "version", "state"}};
  registry_.AddCallback(descriptor, MetricType::kGauge, [model_states = std::move(model_states)] {
    constexpr ManagerState kStates[] = {ManagerState::kStart, ManagerState::kLoading, ManagerState::kAvailable,
                                        ManagerState::kUnloading, ManagerState::kEnd};
    std::vector<MetricSample> samples;
    for (const auto& model : model_states()) {
      for (const ServableState& version : model.second) {
        const std::string number = absl::StrCat(version.id.version);
        if (version.state == ManagerState::kEnd) {
          samples.push_back({{model.first, number, ShownStateName(version)}, 1});
          continue;
        }
        for (const ManagerState state : kStates) {
          samples.push_back({{model.first, number, ManagerStateName(state)}, version.state == state ? 1.0 : 0.0});
        }
      }
    }
    return samples;
  });
}

void ServingMetrics::AddBuildInfo(const Options& options) {
  registry_.AddGauge({"trilho_build_info", "1, with what the server is made of.", {"version", "tensorflow"}})
      ->With({options.version, options.tensorflow_version})
      ->Set(1);
}

}  // namespace trilho

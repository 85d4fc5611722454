// The metrics of inferences, by name.

#ifndef TRILHO_CPP_SERVER_METRICS_SERVING_FAMILIES_H_
#define TRILHO_CPP_SERVER_METRICS_SERVING_FAMILIES_H_

#include "cpp_server/metrics/registry.h"

namespace trilho {

// TF Serving's, with its names, labels and buckets, so that its dashboards and alerts keep working.
struct TfServingFamilies {
  explicit TfServingFamilies(MetricRegistry* registry);

  CounterFamily* request_count;                        // model_name, status
  HistogramFamily* request_latency;                    // model_name, API, entrypoint; us
  HistogramFamily* runtime_latency;                    // model_name, API, runtime; us
  HistogramFamily* request_example_counts;             // model
  CounterFamily* request_example_count_total;          // model
  HistogramFamily* model_warmup_latency;               // model_path, status; us
  CounterFamily* model_warmup_records_read;            // model_path, status
  CounterFamily* request_log_count;                    // model_name, status_code
  HistogramFamily* batching_session_queuing_latency;   // thread_pool_name; us
  CounterFamily* batching_session_wrapped_run_count;   //
  HistogramFamily* batching_session_padding_size;      // execution_batch_size
  HistogramFamily* batching_session_input_batch_size;  //
  HistogramFamily* batching_session_processed_batch_size;
};

// Trilho's own: by version, in seconds.
struct TrilhoFamilies {
  explicit TrilhoFamilies(MetricRegistry* registry);

  CounterFamily* requests_total;      // model, version, signature, method, protocol, code
  HistogramFamily* request_duration;  // model, version, signature, method, protocol
  HistogramFamily* queue_wait;        // model, version, signature
  HistogramFamily* run;               // model, version, signature
  HistogramFamily* batch_size;        // model, version, signature
  HistogramFamily* batch_tasks;       // model, version, signature
  HistogramFamily* batch_padding;     // model, version, signature
};

}  // namespace trilho

#endif  // TRILHO_CPP_SERVER_METRICS_SERVING_FAMILIES_H_

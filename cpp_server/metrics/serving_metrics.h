// Tells Prometheus what the server does.

#ifndef TRILHO_CPP_SERVER_METRICS_SERVING_METRICS_H_
#define TRILHO_CPP_SERVER_METRICS_SERVING_METRICS_H_

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "cpp_server/core/servable_state.h"
#include "cpp_server/inference/inference_record.h"
#include "cpp_server/metrics/labelled_series.h"
#include "cpp_server/metrics/registry.h"
#include "cpp_server/metrics/serving_families.h"

namespace trilho {

// Of a batch that was run, as it is when the run is over.
struct BatchRecord {
  absl::string_view model;
  int64_t version = 0;
  absl::string_view signature;
  // Requests, or parts of requests, in it.
  int64_t tasks = 0;
  // Rows before padding, and those that were run.
  int64_t input_size = 0;
  int64_t padded_size = 0;
  // How long each task waited for the run to begin.
  absl::Span<const int64_t> waits_micros;
  int64_t run_micros = 0;
};

// Keeps TF Serving's metrics and Trilho's own.
//
// An inference touches some ten series, each with up to six labels. What is looked up for it is one record of pointers
// to all of them, by model, version, signature, method and protocol: one hash and one comparison of some sixty bytes
// composed on the stack, without a lock, an allocation or a reference count. A cache per thread in front of it would
// save the hash, but must compare the same bytes, grows with threads times models, and has to be emptied when the
// metrics go; it is not worth its trouble. The pointers within the record are filled in when they are first needed, so
// that a failing caller makes no series of latencies.
//
// Who asks for a model that does not exist is counted under the name he asked for, in a bounded number of series, see
// LabelledSeries; his version and signature are not kept.
//
// Thread-safe.
class ServingMetrics final : public InferenceObserver {
 public:
  // Every version known, by model.
  using ModelStates = std::function<std::map<std::string, std::vector<ServableState>>()>;
  // Inferences that wait for a thread, by protocol; what waits has not begun.
  using WaitingCalls = std::function<std::map<std::string, size_t>()>;

  struct Options {
    std::string version;
    std::string tensorflow_version;
    // Both are called by each Scrape, on its thread; may be empty.
    ModelStates model_states;
    WaitingCalls waiting_calls;
  };

  explicit ServingMetrics(Options options);
  ~ServingMetrics() override;

  void OnBegin() override { begun_.Increment(); }
  void OnPutAside() override { ended_.Increment(); }
  void OnEnd(const InferenceRecord& record) override;

  void OnBatch(const BatchRecord& batch);

  // The warm-up of the version at `path` took so long, and replayed so many records, before it failed if it did.
  void OnWarmup(absl::string_view path, absl::StatusCode ended, int records, int64_t micros);

  // The request log was given a request of `model`, and said this.
  void OnLogged(absl::string_view model, absl::StatusCode said);

  // The page in Prometheus's text format 0.0.4, see kExpositionContentType.
  std::string Scrape() const { return registry_.Scrape(); }

  // For the metrics of other parts of the server.
  MetricRegistry* registry() { return &registry_; }

 private:
  struct RequestSeries;
  struct BatchSeries;

  void AddInFlight(WaitingCalls waiting_calls);
  void AddModelStates(ModelStates model_states);
  void AddBuildInfo(const Options& options);

  // First, since callbacks in it are destroyed with it, and families are its.
  MetricRegistry registry_;
  const TfServingFamilies tf_serving_;
  const TrilhoFamilies trilho_;
  Counter begun_, ended_;
  LabelledSeries<RequestSeries> requests_;
  LabelledSeries<BatchSeries> batches_;
};

}  // namespace trilho

#endif  // TRILHO_CPP_SERVER_METRICS_SERVING_METRICS_H_

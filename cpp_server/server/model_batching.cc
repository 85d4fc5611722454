#include "cpp_server/server/model_batching.h"

#include <sys/stat.h>

#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "cpp_server/batching/batching_runner.h"
#include "cpp_server/batching/explain.h"
#include "cpp_server/files/plain_file.h"
#include "cpp_server/tensorflow/direct_runner.h"

namespace trilho {
namespace {

// Of one version.
class BatchMetrics final : public BatchObserver {
 public:
  BatchMetrics(ServableId id, ServingMetrics* metrics) : id_(std::move(id)), metrics_(metrics) {}

  void OnBatch(const BatchEvent& event) override {
    BatchRecord record;
    record.model = id_.name;
    record.version = id_.version;
    record.signature = event.signature;
    record.tasks = event.tasks;
    record.input_size = event.input_size;
    record.padded_size = event.padded_size;
    record.waits_micros = event.queued_micros;
    record.run_micros = event.run_micros;
    metrics_->OnBatch(record);
  }

 private:
  const ServableId id_;
  ServingMetrics* const metrics_;
};

// Of a file of a version, which may be anything.
constexpr int64_t kMostParametersBytes = int64_t{1} << 20;

bool Exists(const std::string& path) {
  struct stat ignored {};
  return stat(path.c_str(), &ignored) == 0;
}

}  // namespace

ModelBatching::ModelBatching(Options options, ServingMetrics* metrics)
    : options_(std::move(options)),
      metrics_(metrics),
      threads_(options_.enabled ? std::make_shared<BatchThreads>(options_.parameters.num_batch_threads) : nullptr) {}

absl::Status ModelBatching::Install(const ServableId& id, const std::string& directory, SavedModel* model,
                                    const Explain& explain) const {
  if (!options_.enabled) {
    if (options_.explain) explain("requests run alone, since --enable_batching is not set");
    return absl::OkStatus();
  }
  BatchingParameters parameters = options_.parameters;
  if (options_.per_model) {
    const std::string path = absl::StrCat(directory, "/", kBatchingParametersFile);
    if (!Exists(path)) {
      if (options_.explain) explain(absl::StrCat("requests run alone, since there is no ", path));
      return absl::OkStatus();
    }
    const auto readable = ReadPlainFile(path, kMostParametersBytes);
    if (!readable.ok()) return readable.status();
    auto own = ReadBatchingParametersFile("--enable_per_model_batching_parameters", path);
    if (!own.ok()) return own.status();
    parameters = *std::move(own);
    parameters.num_batch_threads = options_.parameters.num_batch_threads;
  }
  if (options_.explain) {
    const std::string text = ExplainBatching(parameters, model->signatures());
    for (const absl::string_view line : absl::StrSplit(text, '\n', absl::SkipEmpty())) explain(std::string(line));
  }
  std::shared_ptr<BatchObserver> observer;
  if (metrics_ != nullptr) observer = std::make_shared<BatchMetrics>(id, metrics_);
  model->SetRunner(NewBatchingRunner(std::make_unique<DirectRunner>(model), parameters, threads_, std::move(observer)));
  return absl::OkStatus();
}

}  // namespace trilho

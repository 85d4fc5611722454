// Replays the requests that a version brings along, before it takes others.

#ifndef TRILHO_CPP_SERVER_WARMUP_WARMUP_FILE_H_
#define TRILHO_CPP_SERVER_WARMUP_WARMUP_FILE_H_

#include <cstdint>
#include <functional>
#include <limits>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "tensorflow_serving/apis/classification.pb.h"
#include "tensorflow_serving/apis/inference.pb.h"
#include "tensorflow_serving/apis/predict.pb.h"
#include "tensorflow_serving/apis/regression.pb.h"

namespace trilho {

// Where the file stands in a version's folder.
constexpr char kWarmupFile[] = "assets.extra/tf_serving_warmup_requests";
// More are refused.
constexpr int kMaxWarmupRecords = 1000;

struct WarmupOptions {
  // --enable_model_warmup
  bool enabled = true;
  // --num_request_iterations_for_warmup: how often each record is replayed; 1 if it is less.
  int iterations = 1;
  // A longer record fails the warm-up. Protobuf reads no more than this.
  int64_t max_record_bytes = std::numeric_limits<int32_t>::max();
  // Called before each record with its number, from 1; may be empty.
  std::function<void(int record)> on_record;
};

// What a request is run by: on the version that is being loaded, whatever name and version its model_spec has; its
// signature counts. The kind of an empty function is refused.
struct WarmupHandlers {
  std::function<absl::Status(const tensorflow::serving::PredictRequest&)> predict;
  std::function<absl::Status(const tensorflow::serving::ClassificationRequest&)> classify;
  std::function<absl::Status(const tensorflow::serving::RegressionRequest&)> regress;
  std::function<absl::Status(const tensorflow::serving::MultiInferenceRequest&)> multi_inference;
};

// Replays the records of the version in `version_dir`, TFRecords of tensorflow.serving.PredictionLog, one after another
// on this thread; one is held in memory at a time. Returns how many were replayed; those without a log are skipped.
// 0 if there is no file, or if it is not enabled. `done`, if not null, counts them too, and so has them after an error.
//
// The first error ends it, and names file and record: a handler's, with its code; UNIMPLEMENTED for a kind of log that
// has no handler; INVALID_ARGUMENT for a record that is no PredictionLog, or if there are more than kMaxWarmupRecords;
// RESOURCE_EXHAUSTED for a record of more than max_record_bytes; DATA_LOSS if the file is no TFRecord file, or cut.
absl::StatusOr<int> ReplayWarmupFile(const std::string& version_dir, const WarmupOptions& options,
                                     const WarmupHandlers& handlers, int* done = nullptr);

}  // namespace trilho

#endif  // TRILHO_CPP_SERVER_WARMUP_WARMUP_FILE_H_

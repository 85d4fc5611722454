// tensorflow.serving.PredictionLog on the wire: what warm-up files and request logs are made of.

#ifndef TRILHO_CPP_SERVER_WARMUP_PREDICTION_LOG_H_
#define TRILHO_CPP_SERVER_WARMUP_PREDICTION_LOG_H_

#include <cstdint>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace trilho {

// Fields of PredictionLog. All but the first are members of its oneof.
enum class PredictionLogField : uint32_t {
  kMetadata = 1,
  kClassify = 2,
  kRegress = 3,
  kMultiInference = 4,
  kSessionRun = 5,
  kPredict = 6,
  kPredictStreamed = 7,
};
// Of ClassifyLog, RegressLog, PredictLog and MultiInferenceLog.
enum LogField : uint32_t { kLogRequest = 1, kLogResponse = 2 };
// Of LogMetadata.
enum LogMetadataField : uint32_t { kMetadataModelSpec = 1, kMetadataSamplingConfig = 2, kMetadataTimestampSecs = 4 };

// The field's name, e.g. "predict_log".
absl::string_view NameOf(PredictionLogField field);

struct PredictionLogView {
  // kMetadata if there is no log.
  PredictionLogField kind = PredictionLogField::kMetadata;
  // The serialized request. Mostly one: several are to be merged, as protobuf merges a field that comes again.
  std::vector<absl::string_view> request;
};

// Views point into `bytes`. INVALID_ARGUMENT if it is no PredictionLog; the request itself is not looked into.
absl::StatusOr<PredictionLogView> ReadPredictionLog(absl::string_view bytes);

}  // namespace trilho

#endif  // TRILHO_CPP_SERVER_WARMUP_PREDICTION_LOG_H_

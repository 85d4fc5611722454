// One logged request, serialized.

#ifndef TRILHO_CPP_SERVER_REQUEST_LOG_LOG_RECORD_H_
#define TRILHO_CPP_SERVER_REQUEST_LOG_LOG_RECORD_H_

#include <cstdint>
#include <string>

#include "absl/strings/string_view.h"
#include "cpp_server/warmup/prediction_log.h"

namespace trilho {

// All views are serialized messages, but for the model's name.
struct LogRecordParts {
  // kPredict, kClassify, kRegress or kMultiInference.
  PredictionLogField kind = PredictionLogField::kPredict;
  absl::string_view model;
  absl::string_view request;
  // Left out if empty.
  absl::string_view response;
  // tensorflow.serving.SamplingConfig.
  absl::string_view sampling_config;
  int64_t timestamp_secs = 0;
};

// A tensorflow.serving.PredictionLog, in one piece of memory of its exact size. The model_spec of its metadata is the
// response's, which has the version that answered; without one, the request's; without either, or if they cannot be
// read, the model's name. Of a MultiInference it is that of the first task.
std::string MakeLogRecord(const LogRecordParts& parts);

}  // namespace trilho

#endif  // TRILHO_CPP_SERVER_REQUEST_LOG_LOG_RECORD_H_

#include "cpp_server/warmup/prediction_log.h"

#include "absl/status/status.h"
#include "cpp_server/wire/wire_reader.h"

namespace trilho {
namespace {

bool ReadLog(absl::string_view bytes, PredictionLogView* log) {
  WireReader reader(bytes);
  while (reader.NextField()) {
    if (reader.field() == kLogRequest) {
      log->request.push_back(reader.Bytes());
    } else {
      reader.Skip();
    }
  }
  return reader.ok();
}

}  // namespace

absl::string_view NameOf(PredictionLogField field) {
  switch (field) {
    case PredictionLogField::kMetadata:
      return "log_metadata";
    case PredictionLogField::kClassify:
      return "classify_log";
    case PredictionLogField::kRegress:
      return "regress_log";
    case PredictionLogField::kMultiInference:
      return "multi_inference_log";
    case PredictionLogField::kSessionRun:
      return "session_run_log";
    case PredictionLogField::kPredict:
      return "predict_log";
    case PredictionLogField::kPredictStreamed:
      return "predict_streamed_log";
  }
  return "";
}

absl::StatusOr<PredictionLogView> ReadPredictionLog(absl::string_view bytes) {
  PredictionLogView log;
  WireReader reader(bytes);
  bool well_formed = true;
  while (reader.NextField()) {
    const auto field = static_cast<PredictionLogField>(reader.field());
    switch (field) {
      case PredictionLogField::kMetadata:
        reader.Bytes();
        break;
      case PredictionLogField::kClassify:
      case PredictionLogField::kRegress:
      case PredictionLogField::kMultiInference:
      case PredictionLogField::kSessionRun:
      case PredictionLogField::kPredict:
      case PredictionLogField::kPredictStreamed:
        // Of a oneof the last member counts.
        if (field != log.kind) log = {field, {}};
        well_formed &= ReadLog(reader.Bytes(), &log);
        break;
      default:
        reader.Skip();
    }
  }
  if (!reader.ok() || !well_formed) {
    return absl::InvalidArgumentError("it is not a tensorflow.serving.PredictionLog");
  }
  return log;
}

}  // namespace trilho

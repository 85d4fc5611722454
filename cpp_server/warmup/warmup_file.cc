#include "cpp_server/warmup/warmup_file.h"

#include <algorithm>
#include <limits>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "cpp_server/advice/words.h"
#include "cpp_server/tfrecord/record_reader.h"
#include "cpp_server/warmup/prediction_log.h"
#include "google/protobuf/io/coded_stream.h"

namespace trilho {
namespace {

absl::Status InContext(const absl::Status& status, absl::string_view before, absl::string_view after = "") {
  if (status.ok()) return status;
  return absl::Status(status.code(), absl::StrCat(before, status.message(), after));
}

absl::Status Unsupported(PredictionLogField kind) {
  return absl::UnimplementedError(absl::StrCat("Unsupported log_type for warmup: ", NameOf(kind),
                                               "; supported are predict_log, classify_log, regress_log and "
                                               "multi_inference_log"));
}

template <typename Request>
absl::Status Replay(const PredictionLogView& log, int iterations,
                    const std::function<absl::Status(const Request&)>& handler) {
  if (handler == nullptr) return Unsupported(log.kind);
  Request request;
  for (absl::string_view part : log.request) {
    google::protobuf::io::CodedInputStream input(reinterpret_cast<const uint8_t*>(part.data()),
                                                 static_cast<int>(part.size()));
    if (!request.MergeFromCodedStream(&input) || !input.ConsumedEntireMessage()) {
      return absl::InvalidArgumentError(absl::StrCat("Failed to parse warmup record: the request of its ",
                                                     NameOf(log.kind), " is not ", WithArticle(request.GetTypeName())));
    }
  }
  for (int i = 0; i < iterations; ++i) {
    absl::Status status = handler(request);
    if (!status.ok()) return status;
  }
  return absl::OkStatus();
}

// Whether there was something to replay.
absl::StatusOr<bool> ReplayRecord(absl::string_view record, int iterations, const WarmupHandlers& handlers) {
  const auto log = ReadPredictionLog(record);
  if (!log.ok()) return InContext(log.status(), "Failed to parse warmup record: ");
  absl::Status status;
  switch (log->kind) {
    case PredictionLogField::kMetadata:
      return false;
    case PredictionLogField::kPredict:
      status = Replay(*log, iterations, handlers.predict);
      break;
    case PredictionLogField::kClassify:
      status = Replay(*log, iterations, handlers.classify);
      break;
    case PredictionLogField::kRegress:
      status = Replay(*log, iterations, handlers.regress);
      break;
    case PredictionLogField::kMultiInference:
      status = Replay(*log, iterations, handlers.multi_inference);
      break;
    case PredictionLogField::kSessionRun:
    case PredictionLogField::kPredictStreamed:
      status = Unsupported(log->kind);
  }
  if (!status.ok()) return status;
  return true;
}

}  // namespace

absl::StatusOr<int> ReplayWarmupFile(const std::string& version_dir, const WarmupOptions& options,
                                     const WarmupHandlers& handlers, int* done) {
  if (!options.enabled) return 0;
  const std::string path = absl::StrCat(version_dir, "/", kWarmupFile);
  RecordReader::Options reader_options;
  // Protobuf reads no more.
  reader_options.max_record_bytes = std::min<int64_t>(options.max_record_bytes, std::numeric_limits<int32_t>::max());
  auto reader = RecordReader::Open(path, reader_options);
  if (absl::IsNotFound(reader.status())) return 0;
  if (!reader.ok()) return reader.status();

  const int iterations = options.iterations > 0 ? options.iterations : 1;
  int replayed = 0;
  std::string record;
  for (int number = 1;; ++number) {
    const auto more = (*reader)->Read(&record);
    if (absl::IsDataLoss(more.status())) {
      return InContext(more.status(), "", ". Please verify your warmup data is in TFRecord format.");
    }
    if (!more.ok()) return more.status();
    if (!*more) return replayed;
    if (number > kMaxWarmupRecords) {
      return absl::InvalidArgumentError(
          absl::StrCat("Number of warmup records exceeds the maximum (", kMaxWarmupRecords, ") at ", path));
    }
    if (options.on_record) options.on_record(number);
    const auto had_log = ReplayRecord(record, iterations, handlers);
    if (!had_log.ok()) return InContext(had_log.status(), absl::StrCat("Warmup record ", number, " of ", path, ": "));
    if (!*had_log) continue;
    ++replayed;
    if (done != nullptr) *done = replayed;
  }
}

}  // namespace trilho

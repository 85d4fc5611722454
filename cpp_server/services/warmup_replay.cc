#include "cpp_server/services/warmup_replay.h"

#include <future>

#include "cpp_server/inference/predictor.h"
#include "cpp_server/services/examples/classify.h"
#include "cpp_server/services/examples/multi_inference.h"
#include "cpp_server/services/examples/regress.h"
#include "cpp_server/services/predict.h"

namespace trilho {
namespace {

// Calls `begin` with a callback and waits until that was called.
template <typename Result, typename Begin>
absl::Status Await(Begin begin) {
  std::promise<absl::Status> ended;
  begin([&ended](const absl::StatusOr<Result>& result) { ended.set_value(result.status()); });
  return ended.get_future().get();
}

}  // namespace

absl::StatusOr<int> ReplayWarmup(const std::string& directory, const WarmupOptions& options, SavedModel* model,
                                 int64_t version, int* done) {
  const Predictor predictor(model, version);
  const CallContext context;
  InferenceRecord record;
  WarmupHandlers handlers;
  handlers.predict = [&](const tensorflow::serving::PredictRequest& request) {
    const std::string bytes = request.SerializeAsString();
    return Await<std::string>([&](BytesDone done) {
      Predict(predictor, TensorEncoding::kTypedFields, bytes, context, &record, std::move(done));
    });
  };
  handlers.classify = [&](const tensorflow::serving::ClassificationRequest& request) {
    const std::string bytes = request.SerializeAsString();
    return Await<tensorflow::serving::ClassificationResponse>(
        [&](ClassifyDone done) { Classify(predictor, bytes, context, &record, std::move(done)); });
  };
  handlers.regress = [&](const tensorflow::serving::RegressionRequest& request) {
    const std::string bytes = request.SerializeAsString();
    return Await<tensorflow::serving::RegressionResponse>(
        [&](RegressDone done) { Regress(predictor, bytes, context, &record, std::move(done)); });
  };
  handlers.multi_inference = [&](const tensorflow::serving::MultiInferenceRequest& request) {
    const std::string bytes = request.SerializeAsString();
    return Await<tensorflow::serving::MultiInferenceResponse>(
        [&](MultiInferenceDone done) { MultiInference(predictor, bytes, context, &record, std::move(done)); });
  };
  return ReplayWarmupFile(directory, options, handlers, done);
}

}  // namespace trilho

// Runs that are logged as the Predict that they amount to.

#ifndef TRILHO_CPP_SERVER_INFERENCE_PREDICT_LOG_H_
#define TRILHO_CPP_SERVER_INFERENCE_PREDICT_LOG_H_

#include <cstdint>
#include <vector>

#include "absl/strings/string_view.h"
#include "cpp_server/inference/call_context.h"
#include "cpp_server/inference/inference_record.h"
#include "cpp_server/inference/predictor.h"
#include "cpp_server/inference/request_log_entry.h"
#include "cpp_server/tensorflow/runner.h"
#include "cpp_server/tensorflow/tensor.h"

namespace trilho {

// Returns `done`, wrapped if `log` samples the request: `log` then keeps the inputs, in the order of the signature's,
// as a PredictRequest, and the outputs at these positions as a PredictResponse before `done` is called. `log` and
// `signature` live until then, all else until this returns.
RunDone KeepAsPredict(RequestLogEntry* log, absl::string_view model, int64_t version, const Signature& signature,
                      const std::vector<Tensor>& inputs, const std::vector<int>& outputs, RunDone done);

// Runs as Predictor::Run does, of a protocol whose messages are not PredictionService's: `record`, which lives until
// `done` is called, keeps the run for the request log.
void RunLogged(const Predictor& predictor, ResolvedSignature resolved, std::vector<Tensor> inputs,
               std::vector<int> outputs, InputShapes shapes, const CallContext& context, InferenceRecord* record,
               RunDone done);

}  // namespace trilho

#endif  // TRILHO_CPP_SERVER_INFERENCE_PREDICT_LOG_H_

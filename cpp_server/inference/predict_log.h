// A run as the Predict that it amounts to.

#ifndef TRILHO_CPP_SERVER_INFERENCE_PREDICT_LOG_H_
#define TRILHO_CPP_SERVER_INFERENCE_PREDICT_LOG_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "cpp_server/inference/request_logger.h"
#include "cpp_server/tensorflow/runner.h"
#include "cpp_server/tensorflow/tensor.h"

namespace trilho {

// `done`, or, if `logger` samples the request, one that gives it a PredictRequest of these inputs, in the order of the
// signature's, and a PredictResponse of the outputs at these positions before it calls `done`, if there are any. All
// but `done` need live only until it returns; `logger` and `signature` until `done` is called.
RunDone LogAsPredict(const RequestLogger* logger, absl::string_view model, int64_t version, const Signature& signature,
                     const std::vector<Tensor>& inputs, const std::vector<int>& outputs, RunDone done);

}  // namespace trilho

#endif  // TRILHO_CPP_SERVER_INFERENCE_PREDICT_LOG_H_

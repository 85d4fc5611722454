// PredictionService.Predict from bytes to bytes.

#ifndef TRILHO_CPP_SERVER_SERVICES_PREDICT_H_
#define TRILHO_CPP_SERVER_SERVICES_PREDICT_H_

#include <functional>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "cpp_server/inference/inference_record.h"
#include "cpp_server/inference/predictor.h"
#include "cpp_server/wire/tensor_proto.h"

namespace trilho {

using BytesDone = std::function<void(absl::StatusOr<std::string>)>;

// Takes a serialized PredictRequest and calls `done` once, now or later, with a
// serialized PredictResponse. Tensors are filled straight from the request and
// written straight into the response. Fields that ask for streamed outputs or
// name the client are ignored, as TF Serving ignores them. What is learnt of
// the call goes into `record`, which must live until `done` is called, as
// `request` must.
void Predict(const Predictor& predictor, TensorEncoding encoding, absl::string_view request, const CallContext& context,
             InferenceRecord* record, BytesDone done);

}  // namespace trilho

#endif  // TRILHO_CPP_SERVER_SERVICES_PREDICT_H_

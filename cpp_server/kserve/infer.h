// One inference of the Open Inference Protocol, whatever front it came through.

#ifndef TRILHO_CPP_SERVER_KSERVE_INFER_H_
#define TRILHO_CPP_SERVER_KSERVE_INFER_H_

#include <functional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "cpp_server/inference/call_context.h"
#include "cpp_server/inference/inference_record.h"
#include "cpp_server/inference/predictor.h"
#include "cpp_server/tensorflow/signature.h"
#include "cpp_server/tensorflow/tensor.h"

namespace trilho {

// The parameter that names a signature, which the protocol has no field for.
constexpr char kSignatureParameter[] = "signature_name";

struct KServeTensor {
  std::string name;
  Tensor tensor;
};

struct InferRequest {
  std::string model;
  // A number or a label; the latest available one if empty.
  std::string version;
  // kDefaultSignature if empty.
  std::string signature_name;
  std::vector<KServeTensor> inputs;
  // All if empty.
  std::vector<std::string> outputs;
};

struct InferResult {
  // The one that answered.
  int64_t version = 0;
  // In the order that was asked for.
  std::vector<KServeTensor> outputs;
};

using InferDone = std::function<void(absl::StatusOr<InferResult>)>;

// Whether the protocol can send it.
bool IsKServeOutput(const TensorInfo& output);

// What a model and version as the protocol names them mean; points into both.
ModelSpec KServeSpec(const std::string& model, const std::string& version);

// Calls `done` once, now or later; fills `record`, which lives until then.
// NOT_FOUND for an unknown model or version; INVALID_ARGUMENT, naming it and
// those that there are, for an input or output that is missing, unknown or given
// twice, and for what Predictor::Run refuses; UNIMPLEMENTED, naming it and the
// others, if an output is asked for, perhaps as one of all, that is no
// IsKServeOutput.
void Infer(const Predictor& predictor, InferRequest request, const CallContext& context, InferenceRecord* record,
           InferDone done);

}  // namespace trilho

#endif  // TRILHO_CPP_SERVER_KSERVE_INFER_H_

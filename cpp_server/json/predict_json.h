// The bodies of TF Serving's REST predict: "instances" (a row an example) and
// "inputs" (a column an input).

#ifndef TRILHO_CPP_SERVER_JSON_PREDICT_JSON_H_
#define TRILHO_CPP_SERVER_JSON_PREDICT_JSON_H_

#include <cstddef>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "cpp_server/json/json_document.h"
#include "cpp_server/tensorflow/signature.h"
#include "cpp_server/tensorflow/tensor.h"

namespace trilho {

enum class PredictFormat { kRows, kColumns };

// A body whose tensors are read once the signature is known.
class PredictJsonRequest {
 public:
  // INVALID_ARGUMENT, with TF Serving's message, for what is no such body.
  static absl::StatusOr<PredictJsonRequest> Parse(absl::string_view body);

  // Empty if there is none.
  const std::string& signature_name() const { return signature_name_; }
  PredictFormat format() const { return format_; }

  // One tensor for each of signature.inputs, in that order. One input may come
  // as a plain value, several come as objects by alias. An input that is missing
  // takes its default. INVALID_ARGUMENT, with TF Serving's message, for a
  // missing input, another shape from element to element, or a value of another
  // type; UNIMPLEMENTED for a type that JSON has no values for.
  absl::StatusOr<std::vector<Tensor>> ReadInputs(const Signature& signature) const;

 private:
  PredictJsonRequest() = default;

  absl::StatusOr<std::vector<Tensor>> ReadRows(const Signature& signature) const;
  absl::StatusOr<std::vector<Tensor>> ReadColumns(const Signature& signature) const;

  JsonDocument document_;
  // In bytes: no list in it has more elements.
  size_t body_size_ = 0;
  std::string signature_name_;
  PredictFormat format_ = PredictFormat::kRows;
};

// {"predictions": [...]} or {"outputs": ...}: bare values for one output, objects
// by alias for several. Strings are base64 objects if the alias ends in "_bytes",
// or if they are not UTF-8. Rows need outputs that agree in their first
// dimension, INVALID_ARGUMENT otherwise.
absl::StatusOr<std::string> WritePredictResponse(PredictFormat format, const std::vector<TensorInfo>& outputs,
                                                 const std::vector<Tensor>& tensors);

}  // namespace trilho

#endif  // TRILHO_CPP_SERVER_JSON_PREDICT_JSON_H_

#include "cpp_server/contracts/request_decoder.h"

#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "cpp_server/contracts/example_writer.h"
#include "cpp_server/contracts/request_columns.h"
#include "cpp_server/wire/tensor_proto.h"

namespace trilho {
namespace {

absl::Status Unfit(const ContractMethod& method, absl::string_view problem, absl::string_view input) {
  return absl::FailedPreconditionError(absl::StrCat("the signature \"", method.signature, "\" of the model \"",
                                                    method.model, "\" ", problem, " \"", input, "\""));
}

// What the signature takes where no field feeds it.
absl::StatusOr<Tensor> DefaultOf(const ContractMethod& method, const TensorInfo& input) {
  if (!input.default_value) return Unfit(method, "takes what no field is:", input.alias);
  return ParseTensorProto(*input.default_value);
}

bool MayFit(const TensorInfo& input, const Tensor& tensor) {
  return input.type == tensor.type() && (!input.shape || input.shape->size() == static_cast<size_t>(tensor.rank()));
}

}  // namespace

absl::StatusOr<DecodedRequest> DecodeRequest(const ContractMethod& method, absl::string_view request) {
  const bool features = !method.example_input.empty();
  auto columns = RequestReader(method.request, features ? Shapes::kRagged : Shapes::kEqual, request).Read();
  if (!columns.ok()) return columns.status();
  DecodedRequest decoded;
  decoded.examples = columns->examples;
  if (!features) {
    decoded.tensors = std::move(columns->tensors);
    return decoded;
  }
  auto examples = WriteExamples(method.request, *columns);
  if (!examples.ok()) return examples.status();
  decoded.tensors.push_back(*std::move(examples));
  return decoded;
}

absl::StatusOr<std::vector<Tensor>> ArrangeInputs(const ContractMethod& method, const Signature& signature,
                                                  DecodedRequest request) {
  std::vector<Tensor>& tensors = request.tensors;
  const auto alias = [&](size_t i) -> const std::string& {
    return method.example_input.empty() ? method.request.tensors[i].alias : method.example_input;
  };
  std::vector<Tensor> inputs;
  inputs.reserve(signature.inputs.size());
  // Both are sorted.
  size_t next = 0;
  for (const TensorInfo& input : signature.inputs) {
    if (next < tensors.size() && alias(next) < input.alias) break;
    if (next < tensors.size() && alias(next) == input.alias) {
      if (!MayFit(input, tensors[next])) return Unfit(method, "does not take the type or rank of", input.alias);
      inputs.push_back(std::move(tensors[next++]));
      continue;
    }
    auto value = DefaultOf(method, input);
    if (!value.ok()) return value.status();
    inputs.push_back(*std::move(value));
  }
  if (next < tensors.size()) return Unfit(method, "has no input", alias(next));
  return inputs;
}

}  // namespace trilho

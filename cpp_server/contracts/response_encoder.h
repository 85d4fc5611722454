// From the tensors of a run to a serialized response of a contract.

#ifndef TRILHO_CPP_SERVER_CONTRACTS_RESPONSE_ENCODER_H_
#define TRILHO_CPP_SERVER_CONTRACTS_RESPONSE_ENCODER_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "cpp_server/contracts/contract.h"
#include "cpp_server/tensorflow/signature.h"
#include "cpp_server/tensorflow/tensor.h"

namespace trilho {

// Positions in signature.outputs of method.response.tensors, in that order.
// FAILED_PRECONDITION if the signature has no such output.
absl::StatusOr<std::vector<int>> ChooseOutputs(const ContractMethod& method, const Signature& signature);

// Writes the response to `examples` examples. `outputs` has one tensor for each
// of layout.tensors. As protobuf does, it leaves out single fields that are zero,
// unless they have presence; messages are always there. INTERNAL, naming the
// output, if type, shape or a value is not what the contract says.
absl::StatusOr<std::string> EncodeResponse(const ContractLayout& layout, int64_t examples,
                                           const std::vector<Tensor>& outputs);

}  // namespace trilho

#endif  // TRILHO_CPP_SERVER_CONTRACTS_RESPONSE_ENCODER_H_

// From a serialized request of a contract to the tensors of a run.

#ifndef TRILHO_CPP_SERVER_CONTRACTS_REQUEST_DECODER_H_
#define TRILHO_CPP_SERVER_CONTRACTS_REQUEST_DECODER_H_

#include <cstdint>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "cpp_server/contracts/contract.h"
#include "cpp_server/tensorflow/signature.h"
#include "cpp_server/tensorflow/tensor.h"

namespace trilho {

// A request's memory beyond a multiple of its own size: fields that are not set
// cost no bytes, but are elements of their tensors.
constexpr int64_t kMaxUnsentBytes = int64_t{64} << 20;
constexpr int64_t kMaxBytesPerByte = 32;

struct DecodedRequest {
  int64_t examples = 0;
  // One for each of ContractLayout::tensors; or one of serialized tf.Examples.
  std::vector<Tensor> tensors;
};

// Reads a serialized method.request by proto3's rules: unknown fields are
// skipped, and so is a field of another wire type than its own; the last of a
// single field counts; a single message that comes twice is merged, and is as an
// empty one if it does not come. (Unlike there, an unknown group is refused.)
// Packed numbers that are the tensor's bytes are copied once.
//
// INVALID_ARGUMENT if it is malformed, or, with the path of the field, if a value
// or a number of values is not what the contract says, or examples have unequal
// shapes. Takes no more memory than kMaxUnsentBytes + kMaxBytesPerByte *
// request.size(), and the shapes that the contract fixes.
absl::StatusOr<DecodedRequest> DecodeRequest(const ContractMethod& method, absl::string_view request);

// The tensors in the order of signature.inputs, with its defaults for those that
// no field feeds. FAILED_PRECONDITION if they are not what the signature takes,
// whatever the request.
absl::StatusOr<std::vector<Tensor>> ArrangeInputs(const ContractMethod& method, const Signature& signature,
                                                  DecodedRequest request);

}  // namespace trilho

#endif  // TRILHO_CPP_SERVER_CONTRACTS_REQUEST_DECODER_H_

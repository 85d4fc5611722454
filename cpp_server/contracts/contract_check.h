// Whether a model is what a contract says, before it is served.

#ifndef TRILHO_CPP_SERVER_CONTRACTS_CONTRACT_CHECK_H_
#define TRILHO_CPP_SERVER_CONTRACTS_CONTRACT_CHECK_H_

#include "absl/status/status.h"
#include "cpp_server/contracts/contract.h"
#include "cpp_server/tensorflow/signature.h"

namespace trilho {

// FAILED_PRECONDITION, with a line for each mismatch, unless the model's
// signature of that name exists, takes every tensor of the request, needs no
// other, and gives every tensor of the response. Dimensions that either side
// leaves open match.
absl::Status CheckContract(const ContractMethod& method, const SignatureMap& signatures);

}  // namespace trilho

#endif  // TRILHO_CPP_SERVER_CONTRACTS_CONTRACT_CHECK_H_

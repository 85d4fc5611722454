// A request to begin with.

#ifndef TRILHO_CPP_SERVER_CONTRACTS_CONTRACT_EXAMPLE_H_
#define TRILHO_CPP_SERVER_CONTRACTS_CONTRACT_EXAMPLE_H_

#include <string>

#include "absl/status/statusor.h"
#include "cpp_server/contracts/contract.h"

namespace trilho {

// A request in proto3's JSON that the contract takes, with every field set: one example, one element of each list
// of any length, numbers as near to 0 as their limits are, the first word of a vocabulary. FAILED_PRECONDITION, with
// the reason, if there is none: one of more than 10000 values is nothing to look at.
absl::StatusOr<std::string> ExampleRequest(const ContractMethod& method);

}  // namespace trilho

#endif  // TRILHO_CPP_SERVER_CONTRACTS_CONTRACT_EXAMPLE_H_

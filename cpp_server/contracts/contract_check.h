// Whether a model is what a contract says, before it is served.

#ifndef TRILHO_CPP_SERVER_CONTRACTS_CONTRACT_CHECK_H_
#define TRILHO_CPP_SERVER_CONTRACTS_CONTRACT_CHECK_H_

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "cpp_server/contracts/contract.h"
#include "cpp_server/tensorflow/signature.h"

namespace trilho {

// FAILED_PRECONDITION, with a line for each mismatch, unless the model's
// signature of that name exists, takes every tensor of the request, needs no
// other, and gives every tensor of the response. Dimensions that either side
// leaves open match. Dimension 0 is the examples', and open in a model, or 1
// where a message is one example. With an example_input the fields are compared
// with the features that the graph parses, if it tells.
//
// `trilho check` has the same rule; protos/cases/ holds both to it.
absl::Status CheckContract(const ContractMethod& method, const Signatures& signatures);

// The same for all methods that `model` answers, with the lines of all.
absl::Status CheckContracts(const Contracts& contracts, absl::string_view model, const Signatures& signatures);

// A line for each method whose model is none of `models`, which are those that
// are configured.
std::vector<std::string> MethodsWithoutModel(const Contracts& contracts, const std::vector<std::string>& models);

}  // namespace trilho

#endif  // TRILHO_CPP_SERVER_CONTRACTS_CONTRACT_CHECK_H_

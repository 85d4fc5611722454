// Serves contracts.

#ifndef TRILHO_CPP_SERVER_CONTRACTS_CONTRACT_SERVICE_H_
#define TRILHO_CPP_SERVER_CONTRACTS_CONTRACT_SERVICE_H_

#include <vector>

#include "cpp_server/contracts/contract.h"
#include "cpp_server/contracts/contract_run.h"
#include "cpp_server/rpc/unary_call.h"
#include "cpp_server/services/inference_method.h"

namespace trilho {

// One definition for each service, of the methods in `contracts` alone. Both
// pointers must outlive the services; `contracts` does not change any more. Errors are those of RunContract.
std::vector<ServiceDefinition> ContractServices(const Contracts* contracts, const ContractModels& models,
                                                const InferenceHooks* hooks);

}  // namespace trilho

#endif  // TRILHO_CPP_SERVER_CONTRACTS_CONTRACT_SERVICE_H_

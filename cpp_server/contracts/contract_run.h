// One request of a contract, from its bytes to those of its answer.

#ifndef TRILHO_CPP_SERVER_CONTRACTS_CONTRACT_RUN_H_
#define TRILHO_CPP_SERVER_CONTRACTS_CONTRACT_RUN_H_

#include "absl/strings/string_view.h"
#include "cpp_server/contracts/contract.h"
#include "cpp_server/inference/call_context.h"
#include "cpp_server/inference/inference_record.h"
#include "cpp_server/inference/predictor.h"
#include "cpp_server/services/predict.h"

namespace trilho {

// Answers a serialized request with a serialized response, whatever front it came through. `done` is called
// once, before this returns or later; until then method, predictor and record live, `request` only until this
// returns.
//
// INVALID_ARGUMENT for a request that is not what the contract says, UNAVAILABLE
// while no version of the model is ready, FAILED_PRECONDITION if its signature is
// not the contract's, INTERNAL if its answer is not.
void RunContract(const ContractMethod& method, const Predictor& predictor, absl::string_view request,
                 const CallContext& context, InferenceRecord* record, BytesDone done);

// Under which an inference by `method` is recorded: not to be taken for TF Serving's Predict, Classify or Regress.
std::string RecordedName(const ContractMethod& method);

}  // namespace trilho

#endif  // TRILHO_CPP_SERVER_CONTRACTS_CONTRACT_RUN_H_

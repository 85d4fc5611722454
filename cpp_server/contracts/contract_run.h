// One request of a contract, from its bytes to those of its answer.

#ifndef TRILHO_CPP_SERVER_CONTRACTS_CONTRACT_RUN_H_
#define TRILHO_CPP_SERVER_CONTRACTS_CONTRACT_RUN_H_

#include <functional>

#include "absl/strings/string_view.h"
#include "cpp_server/contracts/contract.h"
#include "cpp_server/inference/call_context.h"
#include "cpp_server/inference/inference_record.h"
#include "cpp_server/inference/predictor.h"
#include "cpp_server/services/predict.h"

namespace trilho {

// Who answers contracts; both are thread-safe.
struct ContractModels {
  // Outlives what is given this.
  const Predictor* predictor = nullptr;
  // Whether a model of that name is configured, has it a version or not.
  std::function<bool(const std::string& model)> is_configured;
};

// Answers a serialized request with a serialized response, whatever front it came through. `done` is called
// once, before this returns or later; until then method, models and record live, `request` only until this
// returns.
//
// INVALID_ARGUMENT for a request that is not what the contract says, NOT_FOUND if
// no such model is configured, UNAVAILABLE while it has no version, or none of the
// label, FAILED_PRECONDITION if its signature is not the contract's, INTERNAL if
// its answer is not.
void RunContract(const ContractMethod& method, const ContractModels& models, absl::string_view request,
                 const CallContext& context, InferenceRecord* record, BytesDone done);

// Under which an inference by `method` is recorded: not to be taken for TF Serving's Predict, Classify or Regress.
std::string RecordedName(const ContractMethod& method);

}  // namespace trilho

#endif  // TRILHO_CPP_SERVER_CONTRACTS_CONTRACT_RUN_H_

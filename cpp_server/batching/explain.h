// What --explain_batching says.

#ifndef TRILHO_CPP_SERVER_BATCHING_EXPLAIN_H_
#define TRILHO_CPP_SERVER_BATCHING_EXPLAIN_H_

#include <string>

#include "cpp_server/batching/batching_parameters.h"
#include "cpp_server/tensorflow/signature.h"

namespace trilho {

// How the requests of a model will be batched, for people: first what all its
// signatures have in common (sizes, waits, the bound of a queue), then a line
// for each signature, whether its requests are batched or run alone, and why.
std::string ExplainBatching(const BatchingParameters& parameters, const Signatures& signatures);

}  // namespace trilho

#endif  // TRILHO_CPP_SERVER_BATCHING_EXPLAIN_H_

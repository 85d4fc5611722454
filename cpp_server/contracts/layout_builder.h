// From a message's descriptor and its annotations to its tables.

#ifndef TRILHO_CPP_SERVER_CONTRACTS_LAYOUT_BUILDER_H_
#define TRILHO_CPP_SERVER_CONTRACTS_LAYOUT_BUILDER_H_

#include "cpp_server/contracts/layout.h"
#include "cpp_server/contracts/problems.h"
#include "google/protobuf/descriptor.h"

namespace trilho {

// What each field of an example is.
enum class FieldsAre { kTensors, kFeatures };

// The layout of a request or a response. What contradicts itself goes into
// `problems`; the layout is not to be used then.
ContractLayout BuildLayout(const google::protobuf::Descriptor& message, FieldsAre fields, Problems* problems);

}  // namespace trilho

#endif  // TRILHO_CPP_SERVER_CONTRACTS_LAYOUT_BUILDER_H_

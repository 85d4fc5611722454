// What a field that is a tensor may be annotated with.

#ifndef TRILHO_CPP_SERVER_CONTRACTS_FIELD_RULES_H_
#define TRILHO_CPP_SERVER_CONTRACTS_FIELD_RULES_H_

#include "cpp_server/contracts/layout.h"
#include "cpp_server/contracts/layout_builder.h"
#include "cpp_server/contracts/problems.h"
#include "google/protobuf/descriptor.h"

namespace trilho {

// Reads type and annotation of `field`, a number, string or bytes; path and
// scope are left to the caller. Contradictions go into `problems`.
ContractTensor ReadTensorField(const google::protobuf::FieldDescriptor& field, FieldsAre fields, Problems* problems);

}  // namespace trilho

#endif  // TRILHO_CPP_SERVER_CONTRACTS_FIELD_RULES_H_

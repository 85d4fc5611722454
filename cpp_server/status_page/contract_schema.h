// Messages of contracts as JSON schemas.

#ifndef TRILHO_CPP_SERVER_STATUS_PAGE_CONTRACT_SCHEMA_H_
#define TRILHO_CPP_SERVER_STATUS_PAGE_CONTRACT_SCHEMA_H_

#include "cpp_server/contracts/contract.h"
#include "cpp_server/status_page/json_builder.h"

namespace trilho {

// Adds the path of a method to `paths`, and each message that it needs to `schemas`, under its full name, unless it is
// there. Comments of the .proto are descriptions; vocabularies, limits and shapes stand in the schemas.
void DescribeContract(const JsonBuilder& builder, const ContractMethod& method, JsonValue* paths, JsonValue* schemas);

}  // namespace trilho

#endif  // TRILHO_CPP_SERVER_STATUS_PAGE_CONTRACT_SCHEMA_H_

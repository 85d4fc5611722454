// Requests and responses of contracts as JSON, by proto3's mapping.

#ifndef TRILHO_CPP_SERVER_CONTRACTS_CONTRACT_JSON_H_
#define TRILHO_CPP_SERVER_CONTRACTS_CONTRACT_JSON_H_

#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace google {
namespace protobuf {
class Descriptor;
}  // namespace protobuf
}  // namespace google

namespace trilho {

// The serialized `type` that `json` stands for. Fields may be spelled as in the .proto or in camelCase.
// INVALID_ARGUMENT, with the path of the field, if it is no JSON, has a field that `type` has not, or a value that is
// not of the field's type.
absl::StatusOr<std::string> ReadMessageJson(const google::protobuf::Descriptor& type, absl::string_view json);

// The other way: names in camelCase, fields that are zero included, 64-bit integers and NaN as strings. INTERNAL if
// `bytes` is no `type`.
absl::StatusOr<std::string> WriteMessageJson(const google::protobuf::Descriptor& type, const std::string& bytes);

}  // namespace trilho

#endif  // TRILHO_CPP_SERVER_CONTRACTS_CONTRACT_JSON_H_

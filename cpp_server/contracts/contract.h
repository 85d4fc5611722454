// Contracts out of a compiled .proto: which model answers each method, and how.

#ifndef TRILHO_CPP_SERVER_CONTRACTS_CONTRACT_H_
#define TRILHO_CPP_SERVER_CONTRACTS_CONTRACT_H_

#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "cpp_server/contracts/layout.h"

namespace google {
namespace protobuf {
class DescriptorPool;
class MethodDescriptor;
}  // namespace protobuf
}  // namespace google

namespace trilho {

// A method with (trilho.contract.model).
struct ContractMethod {
  // With its package: "trilho.census.CensusService".
  std::string service;
  std::string name;
  // Where it is declared: "trilho/census.proto:15", and in which descriptor set.
  std::string location;
  std::string file;
  std::string model;
  // Never empty.
  std::string signature;
  // Empty for the latest version.
  std::string version_label;
  // Empty unless the fields are features of tf.Examples.
  std::string example_input;
  ContractLayout request;
  ContractLayout response;
  // For what is not in the way of a gRPC call: JSON, and describing the method. Lives as long as the Contracts.
  const google::protobuf::MethodDescriptor* descriptor = nullptr;
};

// Constant once read.
struct Contracts {
  // Those of a service one after another.
  std::vector<ContractMethod> methods;
  // Own the descriptors, with comments if the sets have them.
  std::vector<std::shared_ptr<const google::protobuf::DescriptorPool>> pools;
};

// Reads a serialized google.protobuf.FileDescriptorSet with all imports (and
// source info, for errors to name lines), which came from the file `file`.
// Methods without (trilho.contract.model) are left out. INVALID_ARGUMENT with a
// line for each contradiction, "FILE: PROTO:LINE: ELEMENT: PROBLEM", and if no
// method of the set has a model.
absl::StatusOr<Contracts> ReadContracts(absl::string_view descriptor_set, absl::string_view file);

// Adds `more` to `contracts`. INVALID_ARGUMENT, naming both descriptor sets, and
// nothing added, if both have a service of the same name.
absl::Status AddContracts(Contracts more, Contracts* contracts);

}  // namespace trilho

#endif  // TRILHO_CPP_SERVER_CONTRACTS_CONTRACT_H_

// The files that --contracts names.

#ifndef TRILHO_CPP_SERVER_CONFIG_CONTRACT_FILES_H_
#define TRILHO_CPP_SERVER_CONFIG_CONTRACT_FILES_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "cpp_server/contracts/contract.h"

namespace trilho {

struct DescriptorSetFile {
  std::string path;
  // A serialized google.protobuf.FileDescriptorSet.
  std::string content;
};

// What some files hold together.
struct ContractFiles {
  Contracts contracts;
  std::vector<DescriptorSetFile> descriptor_sets;
};

// Reads comma-separated files, and folders of them: those whose names end with
// ".desc", in the order of their names. INVALID_ARGUMENT for one that cannot be
// read, a folder with none, and whatever ReadContracts and AddContracts refuse.
// No path at all is no contract.
absl::StatusOr<ContractFiles> ReadContractFiles(const std::string& paths);

}  // namespace trilho

#endif  // TRILHO_CPP_SERVER_CONFIG_CONTRACT_FILES_H_

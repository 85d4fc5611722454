#include "cpp_server/rpc/reflected_files.h"

#include <algorithm>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "google/protobuf/descriptor.h"
#include "google/protobuf/descriptor.pb.h"

namespace trilho {
namespace {

using google::protobuf::DescriptorPool;
using google::protobuf::FileDescriptorProto;
using google::protobuf::FileDescriptorSet;

// Every name at the top of a file, by which another one could contradict it.
template <typename Names>
bool IsTaken(const FileDescriptorProto& file, const Names& names) {
  const std::string prefix = file.package().empty() ? "" : absl::StrCat(file.package(), ".");
  return std::any_of(names.begin(), names.end(), [&prefix](const auto& named) {
    return DescriptorPool::generated_pool()->FindFileContainingSymbol(prefix + named.name()) != nullptr;
  });
}

absl::Status AddFile(FileDescriptorProto file) {
  if (DescriptorPool::generated_pool()->FindFileByName(file.name()) != nullptr) return absl::OkStatus();
  if (IsTaken(file, file.message_type()) || IsTaken(file, file.enum_type()) || IsTaken(file, file.service()) ||
      IsTaken(file, file.extension())) {
    return absl::InvalidArgumentError(
        absl::StrCat(file.name(), " defines what another file of the same package defines already"));
  }
  // Nobody asks reflection for comments.
  file.clear_source_code_info();
  // The pool keeps a pointer.
  static std::vector<std::unique_ptr<const std::string>>& kept =
      *std::make_unique<std::vector<std::unique_ptr<const std::string>>>().release();
  kept.push_back(std::make_unique<const std::string>(file.SerializeAsString()));
  // What generated code does when it is loaded, and the only pool that gRPC's reflection looks at.
  DescriptorPool::InternalAddGeneratedFile(kept.back()->data(), static_cast<int>(kept.back()->size()));
  if (DescriptorPool::generated_pool()->FindFileByName(file.name()) != nullptr) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat(file.name(), " does not fit the files that it imports"));
}

}  // namespace

absl::Status AddReflectedFiles(absl::string_view descriptor_set) {
  FileDescriptorSet set;
  if (!set.ParseFromArray(descriptor_set.data(), static_cast<int>(descriptor_set.size()))) {
    return absl::InvalidArgumentError("these bytes are no google.protobuf.FileDescriptorSet");
  }
  for (FileDescriptorProto& file : *set.mutable_file()) {
    absl::Status added = AddFile(std::move(file));
    if (!added.ok()) return added;
  }
  return absl::OkStatus();
}

}  // namespace trilho

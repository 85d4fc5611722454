#include "cpp_server/rpc/reflected_files.h"

#include <algorithm>
#include <map>
#include <memory>
#include <string>
#include <utility>

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

// A file that was added.
struct Added {
  // The set that it came from.
  std::string path;
  // The pool keeps a pointer.
  std::string content;
};

// By name. Never destroyed, as the pool is not.
std::map<std::string, Added>& AllAdded() {
  static std::map<std::string, Added>& all = *std::make_unique<std::map<std::string, Added>>().release();
  return all;
}

absl::Status AddFile(FileDescriptorProto file, absl::string_view path) {
  // Nobody asks reflection for comments.
  file.clear_source_code_info();
  std::string content = file.SerializeAsString();
  const auto known = AllAdded().find(file.name());
  if (known != AllAdded().end()) {
    const Added& other = known->second;
    if (other.content == content) return absl::OkStatus();
    return absl::InvalidArgumentError(absl::StrCat(path, ": ", file.name(), " is another one than in ", other.path,
                                                   ": compile both from one source"));
  }
  if (DescriptorPool::generated_pool()->FindFileByName(file.name()) != nullptr) return absl::OkStatus();
  if (IsTaken(file, file.message_type()) || IsTaken(file, file.enum_type()) || IsTaken(file, file.service()) ||
      IsTaken(file, file.extension())) {
    return absl::InvalidArgumentError(
        absl::StrCat(path, ": ", file.name(), " defines what another file of the same package defines already"));
  }
  const std::string& kept =
      AllAdded().emplace(file.name(), Added{std::string(path), std::move(content)}).first->second.content;
  // What generated code does when it is loaded, and the only pool that gRPC's reflection looks at.
  DescriptorPool::InternalAddGeneratedFile(kept.data(), static_cast<int>(kept.size()));
  if (DescriptorPool::generated_pool()->FindFileByName(file.name()) != nullptr) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat(path, ": ", file.name(), " does not fit the files that it imports"));
}

}  // namespace

absl::Status AddReflectedFiles(absl::string_view descriptor_set, absl::string_view path) {
  FileDescriptorSet set;
  if (!set.ParseFromArray(descriptor_set.data(), static_cast<int>(descriptor_set.size()))) {
    return absl::InvalidArgumentError(absl::StrCat(path, ": is no serialized google.protobuf.FileDescriptorSet"));
  }
  for (FileDescriptorProto& file : *set.mutable_file()) {
    absl::Status added = AddFile(std::move(file), path);
    if (!added.ok()) return added;
  }
  return absl::OkStatus();
}

}  // namespace trilho

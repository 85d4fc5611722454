#include "cpp_server/contracts/contract.h"

#include <iterator>
#include <map>
#include <utility>

#include "absl/strings/str_cat.h"
#include "cpp_server/contracts/layout_builder.h"
#include "cpp_server/contracts/problems.h"
#include "cpp_server/tensorflow/signature.h"
#include "google/protobuf/descriptor.h"
#include "google/protobuf/descriptor.pb.h"
#include "trilho/contract.pb.h"

namespace trilho {
namespace {

using google::protobuf::DescriptorPool;
using google::protobuf::FileDescriptor;
using google::protobuf::FileDescriptorProto;
using google::protobuf::FileDescriptorSet;
using google::protobuf::Message;
using google::protobuf::MethodDescriptor;

// Gives protobuf's complaints the place that it leaves out.
class ErrorCollector final : public DescriptorPool::ErrorCollector {
 public:
  explicit ErrorCollector(Problems* problems) : problems_(problems) {}

  void AddError(const std::string& filename, const std::string& element_name, const Message* /*descriptor*/,
                ErrorLocation /*location*/, const std::string& message) override {
    problems_->Add(absl::StrCat(filename, ": ", element_name, ": ", message));
  }

 private:
  Problems* const problems_;
};

// Builds files after what they import, in whatever order they stand.
class PoolBuilder {
 public:
  PoolBuilder(const FileDescriptorSet& set, DescriptorPool* pool, Problems* problems)
      : pool_(pool), problems_(problems), collector_(problems) {
    for (const FileDescriptorProto& file : set.file()) {
      if (!files_.emplace(file.name(), &file).second) {
        problems_->Add(absl::StrCat(file.name(), ": is there twice"));
      }
    }
  }

  // Null after an error. A file that imports itself is protobuf's to refuse.
  const FileDescriptor* Build(const std::string& name, const std::string& importer) {
    const FileDescriptor* const built = pool_->FindFileByName(name);
    if (built != nullptr) return built;
    const auto found = files_.find(name);
    if (found == files_.end()) {
      problems_->Add(absl::StrCat(importer, ": imports ", name, ", which is missing: compile with --include_imports"));
      return nullptr;
    }
    const FileDescriptorProto* const file = std::exchange(found->second, nullptr);
    if (file == nullptr) {
      // Tried before, or on the way.
      if (problems_->empty()) problems_->Add(absl::StrCat(name, ": imports itself"));
      return nullptr;
    }
    for (const std::string& import : file->dependency()) {
      if (Build(import, name) == nullptr) return nullptr;
    }
    return pool_->BuildFileCollectingErrors(*file, &collector_);
  }

 private:
  DescriptorPool* const pool_;
  Problems* const problems_;
  ErrorCollector collector_;
  // Null once tried.
  std::map<std::string, const FileDescriptorProto*> files_;
};

ContractMethod ReadMethod(const MethodDescriptor& method, absl::string_view file, Problems* problems) {
  const contract::Model& model = method.options().GetExtension(contract::model);
  ContractMethod read;
  read.service = method.service()->full_name();
  read.name = method.name();
  read.descriptor = &method;
  read.location = LocationOf(method);
  read.file = std::string(file);
  read.model = model.name();
  read.signature = model.signature().empty() ? kDefaultSignature : model.signature();
  read.version_label = model.version_label();
  read.example_input = model.example_input();
  if (model.name().empty()) problems->Add(method, "(trilho.contract.model) has no name");
  if (!model.GetReflection()->GetUnknownFields(model).empty()) {
    problems->Add(method, "(trilho.contract.model) says something that this version does not know");
  }
  if (method.client_streaming() || method.server_streaming()) {
    problems->Add(method, "is streaming; a model answers one request with one response");
  }
  const FieldsAre fields = read.example_input.empty() ? FieldsAre::kTensors : FieldsAre::kFeatures;
  read.request = BuildLayout(*method.input_type(), fields, problems);
  read.response = BuildLayout(*method.output_type(), FieldsAre::kTensors, problems);
  if (read.request.batch() && !read.response.batch()) {
    problems->Add(method, absl::StrCat("each element of ", read.request.scopes[0].path, " is an example, and ",
                                       read.response.type,
                                       " holds one: give it a repeated message with (trilho.contract.batch)"));
  }
  return read;
}

}  // namespace

absl::StatusOr<Contracts> ReadContracts(absl::string_view descriptor_set, absl::string_view file) {
  FileDescriptorSet set;
  if (!set.ParseFromArray(descriptor_set.data(), static_cast<int>(descriptor_set.size()))) {
    return absl::InvalidArgumentError(absl::StrCat(file, ": is no serialized google.protobuf.FileDescriptorSet"));
  }
  Problems problems(file);
  const auto pool = std::make_shared<DescriptorPool>();
  PoolBuilder builder(set, pool.get(), &problems);
  Contracts contracts;
  for (const FileDescriptorProto& proto : set.file()) {
    const FileDescriptor* const built = builder.Build(proto.name(), proto.name());
    if (built == nullptr) continue;
    for (int i = 0; i < built->service_count(); ++i) {
      for (int j = 0; j < built->service(i)->method_count(); ++j) {
        const MethodDescriptor& method = *built->service(i)->method(j);
        // A pool of its own has protobuf's own class of options, which knows the extensions that are linked in.
        if (!method.options().HasExtension(contract::model)) continue;
        contracts.methods.push_back(ReadMethod(method, file, &problems));
      }
    }
  }
  if (problems.empty() && contracts.methods.empty()) problems.Add("no method of it has (trilho.contract.model)");
  const absl::Status status = problems.ToStatus();
  if (!status.ok()) return status;
  contracts.pools.push_back(pool);
  return contracts;
}

absl::Status AddContracts(Contracts more, Contracts* contracts) {
  for (const ContractMethod& method : more.methods) {
    for (const ContractMethod& other : contracts->methods) {
      if (method.service != other.service) continue;
      return absl::InvalidArgumentError(absl::StrCat("the service ", method.service, " is in ", other.file, ", at ",
                                                     other.location, ", and in ", method.file, ", at ",
                                                     method.location));
    }
  }
  contracts->pools.insert(contracts->pools.end(), more.pools.begin(), more.pools.end());
  contracts->methods.insert(contracts->methods.end(), std::make_move_iterator(more.methods.begin()),
                            std::make_move_iterator(more.methods.end()));
  return absl::OkStatus();
}

}  // namespace trilho

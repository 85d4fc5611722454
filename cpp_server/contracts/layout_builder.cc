#include "cpp_server/contracts/layout_builder.h"

#include <algorithm>
#include <map>
#include <numeric>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "cpp_server/advice/words.h"
#include "cpp_server/contracts/field_rules.h"
#include "trilho/contract.pb.h"

namespace trilho {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::FieldDescriptor;
using google::protobuf::FileDescriptor;

// Numbers below it are found by position.
constexpr uint32_t kSmallNumbers = 256;

bool IsMessage(const FieldDescriptor& field) { return field.cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE; }

bool IsBatch(const FieldDescriptor& field) { return field.options().GetExtension(contract::batch); }

class LayoutBuilder {
 public:
  LayoutBuilder(FieldsAre fields, Problems* problems) : fields_(fields), problems_(problems) {}

  ContractLayout Build(const Descriptor& message) {
    layout_.type = message.full_name();
    layout_.scopes.emplace_back();
    const FieldDescriptor* const batch = FindBatch(message);
    if (batch != nullptr) {
      layout_.batch_number = static_cast<uint32_t>(batch->number());
      layout_.scopes[0].path = batch->name();
      open_.push_back(&message);
      CheckField(*batch);
      AddMessage(*batch->message_type(), 0, "");
    } else {
      AddMessage(message, 0, "");
    }
    SortTensors();
    layout_.one_shape = !layout_.batch() && layout_.scopes.size() == 1 &&
                        std::none_of(layout_.tensors.begin(), layout_.tensors.end(),
                                     [](const ContractTensor& t) { return t.extent == Extent::kCounted; });
    return std::move(layout_);
  }

 private:
  // Null if no field is annotated with it, or none can be.
  const FieldDescriptor* FindBatch(const Descriptor& message) {
    for (int i = 0; i < message.field_count(); ++i) {
      const FieldDescriptor& field = *message.field(i);
      if (!IsBatch(field)) continue;
      batch_seen_ = &field;
      if (!field.is_repeated() || !IsMessage(field) || field.is_map()) {
        problems_->Add(field, "has (trilho.contract.batch) and is no repeated message");
      } else if (message.field_count() > 1) {
        const FieldDescriptor& other = *message.field(i == 0 ? 1 : 0);
        problems_->Add(field, absl::StrCat("has (trilho.contract.batch) and must be the only field of ",
                                           message.full_name(), ", which has ", other.name(), " too"));
      } else {
        return &field;
      }
    }
    return nullptr;
  }

  // False if the field cannot be served, whatever it is annotated with.
  bool CheckField(const FieldDescriptor& field) {
    bool servable = true;
    const auto problem = [&](absl::string_view text) {
      problems_->Add(field, text);
      servable = false;
    };
    if (field.is_map()) {
      problem("is a map, which is no tensor; make it a repeated message, or one field for each key");
    } else if (field.type() == FieldDescriptor::TYPE_GROUP) {
      problem("is a group; make it a message");
    }
    if (field.real_containing_oneof() != nullptr) {
      problem(absl::StrCat("is in the oneof ", field.real_containing_oneof()->name(),
                           "; a tensor is always there: make it optional, with a default"));
    }
    if (IsBatch(field) && &field != batch_seen_) {
      problem("has (trilho.contract.batch) and is no field of a request or response itself");
    }
    if (IsMessage(field) && field.options().HasExtension(contract::tensor)) {
      problem("has (trilho.contract.tensor) and is a message: annotate its fields");
    }
    return servable;
  }

  // The position of its table.
  int AddMessage(const Descriptor& message, int scope, const std::string& prefix) {
    const auto position = layout_.messages.size();
    layout_.messages.emplace_back();
    if (message.file()->syntax() != FileDescriptor::SYNTAX_PROTO3) {
      problems_->Add(message, "is not of syntax = \"proto3\"");
      return -1;
    }
    if (message.field_count() == 0) problems_->Add(message, "has no field");
    open_.push_back(&message);
    ContractMessage table;
    for (int i = 0; i < message.field_count(); ++i) {
      const FieldDescriptor& field = *message.field(i);
      if (!CheckField(field)) continue;
      table.fields.push_back(IsMessage(field) ? AddNested(field, scope, prefix) : AddTensor(field, scope, prefix));
    }
    open_.pop_back();
    std::sort(table.fields.begin(), table.fields.end(),
              [](const ContractField& a, const ContractField& b) { return a.number < b.number; });
    for (size_t i = 0; i < table.fields.size(); ++i) {
      const uint32_t number = table.fields[i].number;
      if (number >= kSmallNumbers) break;
      table.small_numbers.resize(number + 1);
      table.small_numbers[number] = static_cast<uint16_t>(i + 1);
    }
    layout_.messages[position] = std::move(table);
    return static_cast<int>(position);
  }

  ContractField AddNested(const FieldDescriptor& field, int scope, const std::string& prefix) {
    ContractField nested;
    nested.number = static_cast<uint32_t>(field.number());
    const Descriptor& message = *field.message_type();
    if (std::find(open_.begin(), open_.end(), &message) != open_.end()) {
      problems_->Add(field,
                     absl::StrCat("is ", WithArticle(message.full_name()), " inside of another: no tensor holds that"));
      return nested;
    }
    const std::string path = prefix + field.name();
    if (!field.is_repeated()) {
      nested.is = ContractField::Is::kMessage;
      nested.message = AddMessage(message, scope, path + ".");
      return nested;
    }
    if (fields_ == FieldsAre::kFeatures) {
      problems_->Add(field, "is a repeated message, which a tf.Example cannot hold (example_input is set)");
      return nested;
    }
    nested.is = ContractField::Is::kScope;
    nested.target = static_cast<int>(layout_.scopes.size());
    layout_.scopes.emplace_back();
    layout_.scopes.back().parent = scope;
    layout_.scopes.back().path = path;
    layout_.scopes[static_cast<size_t>(scope)].children.push_back(nested.target);
    nested.message = AddMessage(message, nested.target, "");
    return nested;
  }

  ContractField AddTensor(const FieldDescriptor& field, int scope, const std::string& prefix) {
    ContractField added;
    added.number = static_cast<uint32_t>(field.number());
    added.is = ContractField::Is::kTensor;
    added.target = static_cast<int>(layout_.tensors.size());
    ContractTensor tensor = ReadTensorField(field, fields_, problems_);
    tensor.path = prefix + field.name();
    tensor.scope = scope;
    const auto taken = fields_by_alias_.emplace(tensor.alias, &field);
    if (!taken.second) {
      const FieldDescriptor& other = *taken.first->second;
      problems_->Add(field, absl::StrCat("is the tensor \"", tensor.alias, "\", as ", other.full_name(), " at ",
                                         LocationOf(other), " is"));
    }
    layout_.scopes[static_cast<size_t>(scope)].tensors.push_back(added.target);
    layout_.tensors.push_back(std::move(tensor));
    return added;
  }

  void SortTensors() {
    std::vector<size_t> order(layout_.tensors.size());
    std::iota(order.begin(), order.end(), size_t{0});
    std::sort(order.begin(), order.end(),
              [this](size_t a, size_t b) { return layout_.tensors[a].alias < layout_.tensors[b].alias; });
    std::vector<int> sorted_position(order.size());
    std::vector<ContractTensor> sorted;
    for (size_t i = 0; i < order.size(); ++i) {
      sorted_position[order[i]] = static_cast<int>(i);
      sorted.push_back(std::move(layout_.tensors[order[i]]));
    }
    layout_.tensors = std::move(sorted);
    for (ContractScope& scope : layout_.scopes) {
      for (int& tensor : scope.tensors) tensor = sorted_position[static_cast<size_t>(tensor)];
    }
    for (ContractMessage& message : layout_.messages) {
      for (ContractField& field : message.fields) {
        if (field.is == ContractField::Is::kTensor && field.target >= 0) {
          field.target = sorted_position[static_cast<size_t>(field.target)];
        }
      }
    }
  }

  const FieldsAre fields_;
  Problems* const problems_;
  const FieldDescriptor* batch_seen_ = nullptr;
  // Those around the field that is read.
  std::vector<const Descriptor*> open_;
  std::map<std::string, const FieldDescriptor*> fields_by_alias_;
  ContractLayout layout_;
};

}  // namespace

ContractLayout BuildLayout(const Descriptor& message, FieldsAre fields, Problems* problems) {
  return LayoutBuilder(fields, problems).Build(message);
}

}  // namespace trilho

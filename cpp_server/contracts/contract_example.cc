#include "cpp_server/contracts/contract_example.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <memory>

#include "cpp_server/contracts/contract_json.h"
#include "google/protobuf/descriptor.h"
#include "google/protobuf/dynamic_message.h"
#include "google/protobuf/message.h"
#include "trilho/contract.pb.h"

namespace trilho {
namespace {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using google::protobuf::Reflection;

constexpr int64_t kMostValues = 10000;
constexpr char kText[] = "text";

double NearestToZero(const contract::Tensor& tensor) {
  double value = 0;
  if (tensor.has_minimum()) value = std::max(value, tensor.minimum());
  if (tensor.has_maximum()) value = std::min(value, tensor.maximum());
  return value;
}

int64_t WholeNearestToZero(const contract::Tensor& tensor) {
  const double value = NearestToZero(tensor);
  return static_cast<int64_t>(value > 0 ? std::ceil(value) : std::floor(value));
}

// Of one value of the field itself.
int64_t CountOf(const contract::Tensor& tensor) {
  int64_t count = 1;
  for (const int64_t dim : tensor.shape()) {
    count *= dim;
    if (count > kMostValues) return 0;
  }
  return count;
}

std::string TextOf(const FieldDescriptor& field, const contract::Tensor& tensor) {
  if (tensor.vocabulary_size() > 0) return tensor.vocabulary(0);
  // Each byte is a value.
  if (field.type() == FieldDescriptor::TYPE_BYTES && tensor.dtype() == contract::UINT8) {
    return std::string(static_cast<size_t>(CountOf(tensor)), '\0');
  }
  return kText;
}

void Fill(Message* message);

// Sets a single field.
template <typename Value>
void Put(Message* message, const FieldDescriptor* field, Value value,
         void (Reflection::*set)(Message*, const FieldDescriptor*, Value) const,
         void (Reflection::*add)(Message*, const FieldDescriptor*, Value) const) {
  (message->GetReflection()->*(field->is_repeated() ? add : set))(message, field, value);
}

// Sets a field, or adds a value to it.
void FillOnce(Message* message, const FieldDescriptor* field) {
  const Reflection& reflection = *message->GetReflection();
  const contract::Tensor& tensor = field->options().GetExtension(contract::tensor);
  switch (field->cpp_type()) {
    case FieldDescriptor::CPPTYPE_FLOAT:
      return Put(message, field, static_cast<float>(NearestToZero(tensor)), &Reflection::SetFloat,
                 &Reflection::AddFloat);
    case FieldDescriptor::CPPTYPE_DOUBLE:
      return Put(message, field, NearestToZero(tensor), &Reflection::SetDouble, &Reflection::AddDouble);
    case FieldDescriptor::CPPTYPE_INT32:
      return Put(message, field, static_cast<int32_t>(WholeNearestToZero(tensor)), &Reflection::SetInt32,
                 &Reflection::AddInt32);
    case FieldDescriptor::CPPTYPE_INT64:
      return Put(message, field, WholeNearestToZero(tensor), &Reflection::SetInt64, &Reflection::AddInt64);
    case FieldDescriptor::CPPTYPE_UINT32:
      return Put(message, field, static_cast<uint32_t>(WholeNearestToZero(tensor)), &Reflection::SetUInt32,
                 &Reflection::AddUInt32);
    case FieldDescriptor::CPPTYPE_UINT64:
      return Put(message, field, static_cast<uint64_t>(WholeNearestToZero(tensor)), &Reflection::SetUInt64,
                 &Reflection::AddUInt64);
    case FieldDescriptor::CPPTYPE_BOOL:
      return Put(message, field, false, &Reflection::SetBool, &Reflection::AddBool);
    case FieldDescriptor::CPPTYPE_ENUM:
      return Put(message, field, field->enum_type()->value(0)->number(), &Reflection::SetEnumValue,
                 &Reflection::AddEnumValue);
    case FieldDescriptor::CPPTYPE_STRING:
      return field->is_repeated() ? reflection.AddString(message, field, TextOf(*field, tensor))
                                  : reflection.SetString(message, field, TextOf(*field, tensor));
    case FieldDescriptor::CPPTYPE_MESSAGE:
      return Fill(field->is_repeated() ? reflection.AddMessage(message, field)
                                       : reflection.MutableMessage(message, field));
  }
}

void Fill(Message* message) {
  for (int i = 0; i < message->GetDescriptor()->field_count(); ++i) {
    const FieldDescriptor* const field = message->GetDescriptor()->field(i);
    const bool is_list = field->is_repeated() && field->cpp_type() != FieldDescriptor::CPPTYPE_MESSAGE;
    const int64_t count = is_list ? CountOf(field->options().GetExtension(contract::tensor)) : 1;
    for (int64_t n = 0; n < count; ++n) FillOnce(message, field);
  }
}

}  // namespace

std::string ExampleRequest(const ContractMethod& method) {
  google::protobuf::DynamicMessageFactory factory;
  const std::unique_ptr<Message> message(factory.GetPrototype(method.descriptor->input_type())->New());
  Fill(message.get());
  const auto json = WriteMessageJson(*method.descriptor->input_type(), message->SerializeAsString());
  return json.ok() ? *json : "{}";
}

}  // namespace trilho

#include "cpp_server/contracts/contract_example.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <memory>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "cpp_server/contracts/contract_json.h"
#include "cpp_server/contracts/request_decoder.h"
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

// Beyond all floats there is an infinity.
float FloatNearestToZero(const contract::Tensor& tensor) {
  const double value = NearestToZero(tensor);
  constexpr float kLargest = std::numeric_limits<float>::max();
  if (std::abs(value) <= kLargest) return static_cast<float>(value);
  return std::copysign(std::numeric_limits<float>::infinity(), static_cast<float>(value > 0 ? 1 : -1));
}

// Of an integer, whose limits leave one that `Integer` holds.
template <typename Integer>
Integer WholeNearestToZero(const contract::Tensor& tensor) {
  const double value = NearestToZero(tensor);
  return static_cast<Integer>(value > 0 ? std::ceil(value) : std::floor(value));
}

// The first of an enum's that is within the limits, if one is.
int EnumValueOf(const FieldDescriptor& field, const contract::Tensor& tensor) {
  const google::protobuf::EnumDescriptor& type = *field.enum_type();
  for (int i = 0; i < type.value_count(); ++i) {
    const int number = type.value(i)->number();
    if (tensor.has_minimum() && number < tensor.minimum()) continue;
    if (tensor.has_maximum() && number > tensor.maximum()) continue;
    return number;
  }
  return type.value(0)->number();
}

bool IsOfByteValues(const FieldDescriptor& field, const contract::Tensor& tensor) {
  return field.type() == FieldDescriptor::TYPE_BYTES && tensor.dtype() == contract::UINT8;
}

// How many values one field of a message has. What a contract refuses as too large for a request does not overflow.
int64_t CountOf(const FieldDescriptor& field, const contract::Tensor& tensor) {
  if (!field.is_repeated() && !IsOfByteValues(field, tensor)) return 1;
  int64_t count = 1;
  for (const int64_t dim : tensor.shape()) count *= dim;
  return count;
}

std::string TextOf(const FieldDescriptor& field, const contract::Tensor& tensor) {
  if (tensor.vocabulary_size() > 0) return tensor.vocabulary(0);
  if (IsOfByteValues(field, tensor)) return std::string(static_cast<size_t>(CountOf(field, tensor)), '\0');
  return kText;
}

// The number of values in a message that Fill fills.
int64_t CountIn(const google::protobuf::Descriptor& message) {
  int64_t count = 0;
  for (int i = 0; i < message.field_count(); ++i) {
    const FieldDescriptor& field = *message.field(i);
    count += field.message_type() != nullptr ? CountIn(*field.message_type())
                                             : CountOf(field, field.options().GetExtension(contract::tensor));
    if (count > kMostValues) break;
  }
  return count;
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
      return Put(message, field, FloatNearestToZero(tensor), &Reflection::SetFloat, &Reflection::AddFloat);
    case FieldDescriptor::CPPTYPE_DOUBLE:
      return Put(message, field, NearestToZero(tensor), &Reflection::SetDouble, &Reflection::AddDouble);
    case FieldDescriptor::CPPTYPE_INT32:
      return Put(message, field, WholeNearestToZero<int32_t>(tensor), &Reflection::SetInt32, &Reflection::AddInt32);
    case FieldDescriptor::CPPTYPE_INT64:
      return Put(message, field, WholeNearestToZero<int64_t>(tensor), &Reflection::SetInt64, &Reflection::AddInt64);
    case FieldDescriptor::CPPTYPE_UINT32:
      return Put(message, field, WholeNearestToZero<uint32_t>(tensor), &Reflection::SetUInt32, &Reflection::AddUInt32);
    case FieldDescriptor::CPPTYPE_UINT64:
      return Put(message, field, WholeNearestToZero<uint64_t>(tensor), &Reflection::SetUInt64, &Reflection::AddUInt64);
    case FieldDescriptor::CPPTYPE_BOOL:
      return Put(message, field, false, &Reflection::SetBool, &Reflection::AddBool);
    case FieldDescriptor::CPPTYPE_ENUM:
      return Put(message, field, EnumValueOf(*field, tensor), &Reflection::SetEnumValue, &Reflection::AddEnumValue);
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
    const int64_t count = is_list ? CountOf(*field, field->options().GetExtension(contract::tensor)) : 1;
    for (int64_t n = 0; n < count; ++n) FillOnce(message, field);
  }
}

}  // namespace

absl::StatusOr<std::string> ExampleRequest(const ContractMethod& method) {
  if (CountIn(*method.descriptor->input_type()) > kMostValues) {
    return absl::FailedPreconditionError(
        absl::StrCat("there is no example: one has more than ", kMostValues, " values"));
  }
  google::protobuf::DynamicMessageFactory factory;
  const std::unique_ptr<Message> message(factory.GetPrototype(method.descriptor->input_type())->New());
  Fill(message.get());
  const std::string bytes = message->SerializeAsString();
  // E.g. an enum none of whose values is within the limits.
  const absl::Status taken = DecodeRequest(method, bytes).status();
  if (!taken.ok()) return absl::FailedPreconditionError(absl::StrCat("there is no example: ", taken.message()));
  return WriteMessageJson(*method.descriptor->input_type(), bytes);
}

}  // namespace trilho

// A message as tables: which tensor each of its fields is, with nothing left to look up in descriptors.

#ifndef TRILHO_CPP_SERVER_CONTRACTS_LAYOUT_H_
#define TRILHO_CPP_SERVER_CONTRACTS_LAYOUT_H_

#include <cstdint>
#include <limits>
#include <string>
#include <vector>

#include "cpp_server/wire/wire_reader.h"
#include "tensorflow/c/tf_datatype.h"

namespace trilho {

// A field's type, by its number in google.protobuf.FieldDescriptorProto.Type.
enum class FieldKind : uint8_t {
  kDouble = 1,
  kFloat = 2,
  kInt64 = 3,
  kUint64 = 4,
  kInt32 = 5,
  kFixed64 = 6,
  kFixed32 = 7,
  kBool = 8,
  kString = 9,
  kBytes = 12,
  kUint32 = 13,
  kEnum = 14,
  kSfixed32 = 15,
  kSfixed64 = 16,
  kSint32 = 17,
  kSint64 = 18,
};

// What a value is while it is between wire and tensor.
enum class ValueClass : uint8_t {
  kFloat,
  kDouble,
  // Of at most 64 bits, kept in 64.
  kSigned,
  kUnsigned,
  kBool,
  // A string or bytes.
  kText,
  // Bytes, each of which is a value.
  kByteValues,
};

ValueClass ClassOf(FieldKind kind);
// Of one value alone.
WireType WireTypeOf(FieldKind kind);

// How many values of a field one element of its scope has.
enum class Extent : uint8_t { kOne, kFixed, kCounted };

// Which values of a number are taken. The pair of the value's class counts;
// NaN is within none.
struct NumberLimits {
  bool checked = false;
  double least = -std::numeric_limits<double>::infinity();
  double most = std::numeric_limits<double>::infinity();
  int64_t least_signed = std::numeric_limits<int64_t>::min();
  int64_t most_signed = std::numeric_limits<int64_t>::max();
  uint64_t least_unsigned = 0;
  uint64_t most_unsigned = std::numeric_limits<uint64_t>::max();
  // For errors: "0 to 1".
  std::string expected;
};

// A field that is a tensor.
struct ContractTensor {
  std::string alias;
  // Of the field below its scope, e.g. "address.city".
  std::string path;
  // "census.proto:12" and "census.Person.age", for errors when a model is checked.
  std::string location;
  std::string element;
  FieldKind kind = FieldKind::kFloat;
  ValueClass value_class = ValueClass::kFloat;
  TF_DataType type = TF_FLOAT;
  // Bytes of an element; 0 of strings.
  size_t width = 0;
  // The packed bytes are the tensor's.
  bool same_bytes = false;
  Extent extent = Extent::kOne;
  // With kFixed, and how many values that is; with kOne nothing, or ones.
  std::vector<int64_t> shape;
  int64_t values = 1;
  int scope = 0;
  NumberLimits limits;
  // Sorted; empty takes any.
  std::vector<std::string> vocabulary;
  // For errors: "Bachelors", "Masters".
  std::string vocabulary_text;
  // Whether "not set" can be told from zero.
  bool has_presence = false;
  bool has_default = false;
  // As NumberBits has it.
  uint64_t default_bits = 0;
  std::string default_text;
};

// What is there as often as a repeated message, which is a dimension of all
// tensors below it. Scope 0 is an example.
struct ContractScope {
  int parent = -1;
  // Of the field below the parent; of scope 0 the batch field's, if any.
  std::string path;
  // Positions of the tensors and scopes directly in it.
  std::vector<int> tensors;
  std::vector<int> children;
};

struct ContractField {
  enum class Is : uint8_t { kTensor, kMessage, kScope };
  uint32_t number = 0;
  Is is = Is::kTensor;
  // With kTensor and kScope, the position of it.
  int target = -1;
  // With kMessage and kScope, the position of its table.
  int message = -1;
};

// The fields of one message where it stands in another.
struct ContractMessage {
  // By number.
  std::vector<ContractField> fields;
  // Position plus one of each small number in `fields`; 0 for none.
  std::vector<uint16_t> small_numbers;

  // Null for a field that is unknown.
  const ContractField* Find(uint32_t number) const {
    if (number < small_numbers.size()) {
      const uint16_t position = small_numbers[number];
      return position == 0 ? nullptr : &fields[position - 1u];
    }
    return FindLarge(number);
  }
  const ContractField* FindLarge(uint32_t number) const;
};

// A request or a response.
struct ContractLayout {
  // "census.ScoreRequest".
  std::string type;
  // Not 0 if the elements of that field are the examples.
  uint32_t batch_number = 0;
  // Sorted by alias, as those of a Signature are; no alias twice.
  std::vector<ContractTensor> tensors;
  std::vector<ContractScope> scopes;
  // The first is that of an example.
  std::vector<ContractMessage> messages;
  // All shapes are known before the bytes are: one example, and nothing in it
  // is counted.
  bool one_shape = false;

  bool batch() const { return batch_number != 0; }
};

// Of a shape that is not known before a request or a response is.
constexpr int64_t kUnknownDim = -1;

// The tensor's shape as far as it is known; the first dimension is the examples'.
std::vector<int64_t> ExpectedDims(const ContractLayout& layout, const ContractTensor& tensor);

// "[?, 28, 28]".
std::string DimsText(const std::vector<int64_t>& dims);

// How many scopes are around a tensor: its dimensions before its own.
int Depth(const ContractLayout& layout, int scope);

}  // namespace trilho

#endif  // TRILHO_CPP_SERVER_CONTRACTS_LAYOUT_H_

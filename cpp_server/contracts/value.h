// Numbers on their way between the wire and a tensor.
//
// In between a number is 64 bits: those of a float or double, or an integer,
// which is sign-extended if it is signed. A bool is 0 or 1.

#ifndef TRILHO_CPP_SERVER_CONTRACTS_VALUE_H_
#define TRILHO_CPP_SERVER_CONTRACTS_VALUE_H_

#include <cstdint>
#include <cstring>

#include "absl/strings/string_view.h"
#include "cpp_server/contracts/layout.h"
#include "cpp_server/wire/wire_reader.h"

namespace trilho {

template <typename T>
uint64_t NumberBits(T value) {
  static_assert(sizeof(T) <= sizeof(uint64_t), "a number");
  uint64_t bits = 0;
  std::memcpy(&bits, &value, sizeof(value));
  return bits;
}

template <typename T>
T NumberOf(uint64_t bits) {
  T value;
  std::memcpy(&value, &bits, sizeof(value));
  return value;
}

// Whether packed values and a tensor's elements are the same bytes.
bool SameBytes(FieldKind kind, TF_DataType type);

// The next value, bare or of a field of its wire type. Errors are the reader's.
uint64_t ReadNumber(FieldKind kind, WireReader* reader);

// The values in a packed field; -1 if it is malformed.
int64_t CountPacked(FieldKind kind, absl::string_view packed);

// Whether the field takes it: its limits.
bool WithinLimits(const ContractTensor& tensor, uint64_t bits);

// Writes the element at `to`, which need not be aligned. False if it is out of
// the tensor's type, which for integers is for the limits to say.
bool StoreNumber(const ContractTensor& tensor, uint64_t bits, char* to);

// The element at `from`, as a value of the field. False if it is out of the
// field's type.
bool LoadNumber(const ContractTensor& tensor, const char* from, uint64_t* bits);

// What a run of values met.
struct Stored {
  enum class End { kAll, kMalformed, kLimits, kType };
  End end = End::kAll;
  // Of the value that was refused.
  int64_t index = 0;
  uint64_t bits = 0;
};

// Writes all of a packed field, which must be CountPacked() values if it is not
// malformed.
Stored StorePacked(const ContractTensor& tensor, absl::string_view packed, char* to);

}  // namespace trilho

#endif  // TRILHO_CPP_SERVER_CONTRACTS_VALUE_H_

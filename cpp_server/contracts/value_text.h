// How errors print what they are about.

#ifndef TRILHO_CPP_SERVER_CONTRACTS_VALUE_TEXT_H_
#define TRILHO_CPP_SERVER_CONTRACTS_VALUE_TEXT_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "cpp_server/contracts/layout.h"

namespace trilho {

// With as many digits as tell it from every other: "0.1", "nan".
std::string NumberText(double value);
std::string NumberText(float value);

// A value of the field, see value.h.
std::string NumberText(ValueClass value_class, uint64_t bits);

// "0 to 1", "at least 0", "at most 1", "a finite number", "a finite number of at least 0"; empty text is no limit.
std::string RangeText(absl::string_view least, absl::string_view most, bool finite);

// Quoted, valid UTF-8, and cut if it is long.
std::string QuotedText(absl::string_view text);

// Quoted, with commas; the first of a long one.
std::string VocabularyText(const std::vector<std::string>& vocabulary);

// As contract.proto spells it: "FLOAT16".
std::string ContractTypeName(TF_DataType type);

}  // namespace trilho

#endif  // TRILHO_CPP_SERVER_CONTRACTS_VALUE_TEXT_H_

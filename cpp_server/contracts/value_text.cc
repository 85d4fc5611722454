#include "cpp_server/contracts/value_text.h"

#include <cstdlib>
#include <cstring>

#include "absl/strings/escaping.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "cpp_server/contracts/value.h"
#include "cpp_server/utf8/utf8.h"
#include "trilho/contract.pb.h"

namespace trilho {
namespace {

constexpr size_t kMaxTextBytes = 64;
constexpr size_t kMaxVocabularyBytes = 200;

}  // namespace

std::string NumberText(float value) {
  std::string text = absl::StrCat(value);
  float read = 0;
  // Not equal to itself if it is not a number, which prints as such.
  if (value != value || (absl::SimpleAtof(text, &read) && read == value)) return text;
  return absl::StrFormat("%.9g", value);
}

std::string NumberText(double value) {
  std::string text = absl::StrCat(value);
  double read = 0;
  if (value != value || (absl::SimpleAtod(text, &read) && read == value)) return text;
  return absl::StrFormat("%.17g", value);
}

std::string NumberText(ValueClass value_class, uint64_t bits) {
  switch (value_class) {
    case ValueClass::kFloat:
      return NumberText(NumberOf<float>(bits));
    case ValueClass::kDouble:
      return NumberText(NumberOf<double>(bits));
    case ValueClass::kSigned:
      return absl::StrCat(static_cast<int64_t>(bits));
    default:
      return absl::StrCat(bits);
  }
}

std::string RangeText(absl::string_view least, absl::string_view most, bool finite) {
  std::string range;
  if (!least.empty() && !most.empty()) {
    // Which is finite.
    return absl::StrCat(least, " to ", most);
  }
  if (!least.empty()) range = absl::StrCat("at least ", least);
  if (!most.empty()) range = absl::StrCat("at most ", most);
  if (!finite) return range;
  return range.empty() ? "a finite number" : absl::StrCat("a finite number of ", range);
}

std::string QuotedText(absl::string_view text) {
  const std::string valid = ValidUtf8(text, kMaxTextBytes);
  const bool cut = text.size() > valid.size();
  return absl::StrCat("\"", absl::Utf8SafeCHexEscape(valid), cut ? "..." : "", "\"");
}

std::string VocabularyText(const std::vector<std::string>& vocabulary) {
  std::string text;
  for (size_t i = 0; i < vocabulary.size(); ++i) {
    if (text.size() > kMaxVocabularyBytes) {
      absl::StrAppend(&text, " or ", vocabulary.size() - i, " more");
      break;
    }
    absl::StrAppend(&text, i == 0 ? "" : ", ", QuotedText(vocabulary[i]));
  }
  return text;
}

std::string ContractTypeName(TF_DataType type) {
  const std::string& name = contract::DataType_Name(static_cast<contract::DataType>(type));
  return name.empty() ? absl::StrCat("number ", static_cast<int>(type)) : name;
}

}  // namespace trilho

#include "cpp_server/json/json_text.h"

#include <array>
#include <charconv>
#include <cmath>
#include <cstdint>

#include "absl/strings/escaping.h"

namespace trilho {
namespace {

// The length of the well-formed sequence at the beginning of `bytes`, 0 if
// there is none: no overlong form, no surrogate, nothing beyond U+10FFFF.
size_t SequenceLength(absl::string_view bytes) {
  const auto byte = [&bytes](size_t i) { return static_cast<uint8_t>(bytes[i]); };
  const uint8_t first = byte(0);
  if (first < 0x80) return 1;
  const size_t length = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
  if (first < 0xc2 || first > 0xf4 || bytes.size() < length) return 0;
  for (size_t i = 1; i < length; ++i) {
    if ((byte(i) & 0xc0) != 0x80) return 0;
  }
  const uint8_t second = byte(1);
  const bool wrong = (first == 0xe0 && second < 0xa0) || (first == 0xed && second > 0x9f) ||
                     (first == 0xf0 && second < 0x90) || (first == 0xf4 && second > 0x8f);
  return wrong ? 0 : length;
}

template <typename T>
void Append(T value, std::string* json) {
  if (std::isnan(value)) {
    json->append("NaN");
    return;
  }
  if (std::isinf(value)) {
    json->append(value < 0 ? "-Infinity" : "Infinity");
    return;
  }
  // Enough for any double.
  std::array<char, 32> digits{};
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), value).ptr;
  const absl::string_view text(digits.data(), static_cast<size_t>(end - digits.data()));
  json->append(text.data(), text.size());
  if (text.find_first_of(".e") == absl::string_view::npos) json->append(".0");
}

}  // namespace

bool IsUtf8(absl::string_view bytes) {
  while (!bytes.empty()) {
    const size_t length = SequenceLength(bytes);
    if (length == 0) return false;
    bytes.remove_prefix(length);
  }
  return true;
}

std::string ReplaceInvalidUtf8(absl::string_view bytes) {
  std::string text;
  while (!bytes.empty()) {
    const size_t length = SequenceLength(bytes);
    const absl::string_view next = length == 0 ? absl::string_view("\xef\xbf\xbd") : bytes.substr(0, length);
    text.append(next.data(), next.size());
    bytes.remove_prefix(length == 0 ? 1 : length);
  }
  return text;
}

void AppendQuoted(absl::string_view text, std::string* json) {
  constexpr char kHex[] = "0123456789abcdef";
  json->push_back('"');
  for (const char c : text) {
    const auto byte = static_cast<uint8_t>(c);
    if (c == '"' || c == '\\') {
      json->push_back('\\');
      json->push_back(c);
    } else if (byte < 0x20) {
      json->append("\\u00");
      json->push_back(kHex[byte >> 4]);
      json->push_back(kHex[byte & 15]);
    } else {
      json->push_back(c);
    }
  }
  json->push_back('"');
}

void AppendBase64(absl::string_view bytes, std::string* json) {
  json->append("{\"b64\": \"");
  json->append(absl::Base64Escape(bytes));
  json->append("\"}");
}

void AppendNumber(float value, std::string* json) { Append(value, json); }
void AppendNumber(double value, std::string* json) { Append(value, json); }

}  // namespace trilho

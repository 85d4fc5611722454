#include "cpp_server/json/json_text.h"

#include <array>
#include <charconv>
#include <cmath>
#include <cstdint>

#include "absl/strings/escaping.h"

namespace trilho {
namespace {

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

#include "cpp_server/utf8/utf8.h"

#include <cstdint>

namespace trilho {
namespace {

constexpr absl::string_view kReplacement = "\xEF\xBF\xBD";

bool IsContinuation(char c) { return (static_cast<uint8_t>(c) & 0xC0) == 0x80; }

// The bytes of the character that `text`, which is not empty, begins with; 0 if it is none. Refuses overlong forms,
// surrogates and what is above U+10FFFF (Unicode 15, table 3-7).
size_t CharacterSize(absl::string_view text) {
  const auto byte = [text](size_t i) { return static_cast<uint8_t>(text[i]); };
  const uint8_t lead = byte(0);
  if (lead < 0x80) return 1;
  if (lead < 0xC2 || lead > 0xF4) return 0;
  const size_t size = lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
  if (text.size() < size) return 0;
  for (size_t i = 1; i < size; ++i) {
    if (!IsContinuation(text[i])) return 0;
  }
  const uint8_t second = byte(1);
  if ((lead == 0xE0 && second < 0xA0) || (lead == 0xED && second > 0x9F)) return 0;
  if ((lead == 0xF0 && second < 0x90) || (lead == 0xF4 && second > 0x8F)) return 0;
  return size;
}

}  // namespace

bool IsUtf8(absl::string_view text) {
  while (!text.empty()) {
    const size_t size = CharacterSize(text);
    if (size == 0) return false;
    text.remove_prefix(size);
  }
  return true;
}

std::string ValidUtf8(absl::string_view text, size_t max_bytes) {
  std::string valid;
  while (!text.empty()) {
    const size_t size = CharacterSize(text);
    const absl::string_view character = size == 0 ? kReplacement : text.substr(0, size);
    if (character.size() > max_bytes - valid.size()) break;
    valid.append(character.data(), character.size());
    text.remove_prefix(size == 0 ? 1 : size);
  }
  return valid;
}

std::string ErrorText(absl::string_view message) {
  constexpr size_t kMaxMessage = 1024;
  // One byte more shows that it is longer; what it may cut in two is cut off then.
  std::string text = ValidUtf8(message.substr(0, kMaxMessage + 1));
  return text.size() <= kMaxMessage ? text : ValidUtf8(text, kMaxMessage) + "...TRUNCATED";
}

}  // namespace trilho

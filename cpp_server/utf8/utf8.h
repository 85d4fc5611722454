// Text from callers, made fit for formats that are UTF-8.

#ifndef TRILHO_CPP_SERVER_UTF8_UTF8_H_
#define TRILHO_CPP_SERVER_UTF8_UTF8_H_

#include <cstddef>
#include <string>

#include "absl/strings/string_view.h"

namespace trilho {

// Whether all of `text` is well-formed: no overlong form, no surrogate, nothing above U+10FFFF.
bool IsUtf8(absl::string_view text);

// `text` with U+FFFD for each byte that is not part of well-formed UTF-8, cut before the character that would exceed
// `max_bytes`.
std::string ValidUtf8(absl::string_view text, size_t max_bytes = std::string::npos);

// ValidUtf8 of what an error says; of one that is longer than 1024 bytes the beginning, with "...TRUNCATED" behind it,
// as TF Serving cuts it.
std::string ErrorText(absl::string_view message);

}  // namespace trilho

#endif  // TRILHO_CPP_SERVER_UTF8_UTF8_H_

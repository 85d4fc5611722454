// Pieces of JSON text.

#ifndef TRILHO_CPP_SERVER_JSON_JSON_TEXT_H_
#define TRILHO_CPP_SERVER_JSON_JSON_TEXT_H_

#include <string>

#include "absl/strings/string_view.h"

namespace trilho {

// Appends `text`, which must be UTF-8, in quotes and escaped.
void AppendQuoted(absl::string_view text, std::string* json);

// Appends {"b64": "..."}, how TF Serving's REST API writes bytes.
void AppendBase64(absl::string_view bytes, std::string* json);

// Appends the fewest digits that read back as the same number, always with a
// point or an exponent; NaN, Infinity and -Infinity as these words, which JSON
// proper does not have but TF Serving's clients read.
void AppendNumber(float value, std::string* json);
void AppendNumber(double value, std::string* json);

}  // namespace trilho

#endif  // TRILHO_CPP_SERVER_JSON_JSON_TEXT_H_

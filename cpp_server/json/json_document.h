// JSON as TF Serving reads it, parsed.

#ifndef TRILHO_CPP_SERVER_JSON_JSON_DOCUMENT_H_
#define TRILHO_CPP_SERVER_JSON_JSON_DOCUMENT_H_

#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "cpp_server/json/json_memory.h"

namespace trilho {

// How deep lists and objects may lie in each other, the outermost included: more
// than any signature has dimensions.
constexpr int kMaxJsonDepth = 64;

// Reads one value, which must be an object. NaN, Infinity and -Infinity are
// numbers; a byte order mark before the value and whatever follows it do not
// count. INVALID_ARGUMENT "JSON Parse error: ..." if it is no JSON, with TF
// Serving's text, or if it is nested deeper than kMaxJsonDepth;
// RESOURCE_EXHAUSTED if there is no memory for it.
absl::Status ParseJsonObject(absl::string_view text, JsonDocument* document);

// "Object", "String", ... as TF Serving's messages have it.
const char* JsonTypeName(const JsonValue& value);

// The value as JSON, cut if it is long; always UTF-8.
std::string JsonDebugString(const JsonValue& value);

// A string, or an object {"b64": "..."} as the bytes that it stands for.
// INVALID_ARGUMENT if it is neither.
absl::Status ReadJsonBytes(const JsonValue& value, std::string* bytes);

// Whether it is an object of the form {"b64": ...}.
bool IsBase64Object(const JsonValue& value);

}  // namespace trilho

#endif  // TRILHO_CPP_SERVER_JSON_JSON_DOCUMENT_H_

// Lines for the operator, on standard error.

#ifndef TRILHO_CPP_SERVER_LOGGING_LOG_H_
#define TRILHO_CPP_SERVER_LOGGING_LOG_H_

#include <string>

#include "absl/strings/string_view.h"

namespace trilho {

enum class Severity : char { kInfo = 'I', kWarning = 'W', kError = 'E' };

// Writes "I 2026-01-31T12:00:00.123Z text" in one piece, so that lines of
// several threads never mix; a line break in `text` becomes a space. Thread-safe; not for the request path.
void Log(Severity severity, absl::string_view text);

// `text` as one line, for logs and tables.
std::string OneLine(absl::string_view text);

}  // namespace trilho

#endif  // TRILHO_CPP_SERVER_LOGGING_LOG_H_

// An inference as a line of JSON.

#ifndef TRILHO_CPP_SERVER_ACCESS_LOG_ACCESS_LOG_LINE_H_
#define TRILHO_CPP_SERVER_ACCESS_LOG_ACCESS_LOG_LINE_H_

#include <string>

#include "absl/time/time.h"
#include "cpp_server/inference/inference_record.h"

namespace trilho {

// {"time":"2026-01-31T12:00:00.123Z","model":...} and a line feed, a few kB at most: long texts are cut, what is not
// UTF-8 in them becomes U+FFFD. Always the same keys; "version" is null if no model was found.
std::string AccessLogLine(const InferenceRecord& record, absl::Time end);

}  // namespace trilho

#endif  // TRILHO_CPP_SERVER_ACCESS_LOG_ACCESS_LOG_LINE_H_

// Percent-encoding, as paths of requests have it.

#ifndef TRILHO_CPP_SERVER_HTTP_PERCENT_ENCODING_H_
#define TRILHO_CPP_SERVER_HTTP_PERCENT_ENCODING_H_

#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace trilho {

// Decodes "%41" as "A". INVALID_ARGUMENT if two hexadecimal digits do not follow a "%".
absl::StatusOr<std::string> DecodePercent(absl::string_view text);

}  // namespace trilho

#endif  // TRILHO_CPP_SERVER_HTTP_PERCENT_ENCODING_H_

// Request bodies that were sent compressed.

#ifndef TRILHO_CPP_SERVER_HTTP_GZIP_H_
#define TRILHO_CPP_SERVER_HTTP_GZIP_H_

#include <cstddef>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace trilho {

// All members of a gzip stream, one after another. INVALID_ARGUMENT if it is
// malformed or cut, RESOURCE_EXHAUSTED if the result is larger than `max_bytes`
// or than memory; then at most `max_bytes` were made.
absl::StatusOr<std::string> Gunzip(absl::string_view compressed, size_t max_bytes);

}  // namespace trilho

#endif  // TRILHO_CPP_SERVER_HTTP_GZIP_H_

// Request bodies that were sent compressed.

#ifndef TRILHO_CPP_SERVER_HTTP_GZIP_H_
#define TRILHO_CPP_SERVER_HTTP_GZIP_H_

#include <cstddef>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace trilho {

// What a compressed body may grow to: this often its size, or kAlwaysInflated if
// that is more. JSON of numbers is some 3 to 20 times as large as its gzip, and
// deflate cannot do more than 1032; Envoy bounds it by 100 too
// (max_inflate_ratio).
constexpr size_t kMostInflation = 100;
constexpr size_t kAlwaysInflated = size_t{1} << 20;

// All members of a gzip stream, one after another. INVALID_ARGUMENT if it is
// malformed or cut, RESOURCE_EXHAUSTED if the result is larger than `max_bytes`,
// than the bound above or than memory; then no more than that was made.
absl::StatusOr<std::string> Gunzip(absl::string_view compressed, size_t max_bytes);

}  // namespace trilho

#endif  // TRILHO_CPP_SERVER_HTTP_GZIP_H_

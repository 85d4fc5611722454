// The paths of TF Serving's REST API.

#ifndef TRILHO_CPP_SERVER_REST_REST_PATH_H_
#define TRILHO_CPP_SERVER_REST_REST_PATH_H_

#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/optional.h"

namespace trilho {

enum class RestVerb { kPredict, kClassify, kRegress, kStatus, kMetadata };

// /v1/models/NAME[/versions/V|/labels/L][:VERB|/metadata]
struct RestPath {
  RestVerb verb = RestVerb::kStatus;
  // Both decoded; the label empty if there is none.
  std::string model;
  std::string label;
  absl::optional<int64_t> version;
};

// Whether `path` belongs to this API.
bool IsRestPath(absl::string_view path);

// What a request for a path that is one means. INVALID_ARGUMENT "Malformed
// request: METHOD PATH" for any other form or method, "Missing model name in
// request." without a name.
absl::StatusOr<RestPath> ParseRestPath(absl::string_view method, absl::string_view path, absl::string_view query);

// "%41" as "A"; INVALID_ARGUMENT if two hexadecimal digits do not follow.
absl::StatusOr<std::string> DecodePercent(absl::string_view text);

}  // namespace trilho

#endif  // TRILHO_CPP_SERVER_REST_REST_PATH_H_

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

// Everything below it belongs to this API.
constexpr char kRestPrefix[] = "/v1/";

// Returns the meaning of a request below kRestPrefix. INVALID_ARGUMENT "Malformed request: METHOD PATH" for any other
// form or method, "Missing model name in request." without a name.
absl::StatusOr<RestPath> ParseRestPath(absl::string_view method, absl::string_view path, absl::string_view query);

}  // namespace trilho

#endif  // TRILHO_CPP_SERVER_REST_REST_PATH_H_

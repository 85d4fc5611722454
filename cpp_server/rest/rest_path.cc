#include "cpp_server/rest/rest_path.h"

#include <algorithm>

#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "cpp_server/http/percent_encoding.h"

namespace trilho {
namespace {

constexpr char kPrefix[] = "/v1/models";
constexpr char kVersions[] = "/versions/";
constexpr char kLabels[] = "/labels/";
constexpr char kMetadata[] = "/metadata";

// The verb behind the last colon of a POST.
absl::optional<RestVerb> VerbNamed(absl::string_view name) {
  if (name == "predict") return RestVerb::kPredict;
  if (name == "classify") return RestVerb::kClassify;
  if (name == "regress") return RestVerb::kRegress;
  return absl::nullopt;
}

// Takes "/versions/V" or "/labels/L" from the end of `rest`, which keeps the
// name. False if what is there is not well-formed.
absl::StatusOr<bool> TakeVersion(absl::string_view* rest, RestPath* path) {
  const size_t slash = rest->find('/');
  if (slash == absl::string_view::npos) return true;
  absl::string_view tail = rest->substr(slash);
  *rest = rest->substr(0, slash);
  if (absl::ConsumePrefix(&tail, kVersions)) {
    if (tail.empty() || !std::all_of(tail.begin(), tail.end(), absl::ascii_isdigit)) return false;
    int64_t version = 0;
    if (!absl::SimpleAtoi(tail, &version)) {
      return absl::InvalidArgumentError(absl::StrCat("Failed to convert version: ", tail, " to numeric."));
    }
    path->version = version;
    return true;
  }
  if (!absl::ConsumePrefix(&tail, kLabels) || tail.empty() || absl::StrContains(tail, "/")) return false;
  auto label = DecodePercent(tail);
  if (!label.ok()) return label.status();
  path->label = *std::move(label);
  return true;
}

}  // namespace

absl::StatusOr<RestPath> ParseRestPath(absl::string_view method, absl::string_view path, absl::string_view query) {
  const auto malformed = [&] {
    return absl::InvalidArgumentError(
        absl::StrCat("Malformed request: ", method, " ", path, query.empty() ? "" : "?", query));
  };
  absl::string_view rest = path;
  if (!query.empty() || !absl::ConsumePrefix(&rest, kPrefix)) return malformed();
  const bool get = method == "GET" || method == "HEAD";
  if (rest.empty() || rest == "/") {
    return get ? absl::InvalidArgumentError("Missing model name in request.") : malformed();
  }
  if (!absl::ConsumePrefix(&rest, "/")) return malformed();

  RestPath parsed;
  if (get) {
    parsed.verb = absl::ConsumeSuffix(&rest, kMetadata) ? RestVerb::kMetadata : RestVerb::kStatus;
  } else if (method == "POST") {
    const size_t colon = rest.rfind(':');
    const auto verb = colon == absl::string_view::npos ? absl::nullopt : VerbNamed(rest.substr(colon + 1));
    if (!verb) return malformed();
    parsed.verb = *verb;
    rest = rest.substr(0, colon);
  } else {
    return malformed();
  }
  auto taken = TakeVersion(&rest, &parsed);
  if (!taken.ok()) return taken.status();
  if (!*taken || rest.empty() || absl::StrContains(rest, ":")) return malformed();
  auto name = DecodePercent(rest);
  if (!name.ok()) return name.status();
  parsed.model = *std::move(name);
  return parsed;
}

}  // namespace trilho

// Paths of TF Serving's REST API: what one means can be written as a path of the same meaning.

#include <algorithm>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "cpp_server/fuzz/fuzz_target.h"
#include "cpp_server/rest/rest_path.h"

namespace trilho {
namespace {

std::string Encoded(absl::string_view text) {
  constexpr char kHex[] = "0123456789ABCDEF";
  std::string encoded;
  for (const char c : text) {
    const auto byte = static_cast<uint8_t>(c);
    encoded.append({'%', kHex[byte >> 4], kHex[byte & 15]});
  }
  return encoded;
}

std::string Written(const RestPath& path) {
  std::string text = absl::StrCat("/v1/models/", Encoded(path.model));
  if (path.version) absl::StrAppend(&text, "/versions/", *path.version);
  if (!path.label.empty()) absl::StrAppend(&text, "/labels/", Encoded(path.label));
  switch (path.verb) {
    case RestVerb::kPredict:
      return text + ":predict";
    case RestVerb::kClassify:
      return text + ":classify";
    case RestVerb::kRegress:
      return text + ":regress";
    case RestVerb::kStatus:
      return text;
    case RestVerb::kMetadata:
      return text + "/metadata";
  }
  return text;
}

// The first word, which it takes away.
absl::string_view TakeWord(absl::string_view* text, char end) {
  const absl::string_view word = text->substr(0, text->find(end));
  text->remove_prefix(std::min(text->size(), word.size() + 1));
  return word;
}

}  // namespace

std::vector<std::string> FuzzSeeds() {
  return {
      "POST /v1/models/m:predict",
      "POST /v1/models/m/versions/12:classify",
      "POST /v1/models/m%20n/labels/st%61ble:regress",
      "GET /v1/models/m",
      "GET /v1/models/m/versions/9223372036854775807/metadata",
      "HEAD /v1/models/m/labels/canary/metadata",
      "GET /v1/models",
      "DELETE /v1/models/m?a=b",
  };
}

}  // namespace trilho

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace trilho;  // NOLINT(google-build-using-namespace): libFuzzer's entry is outside of it
  absl::string_view query(reinterpret_cast<const char*>(data), size);
  const absl::string_view method = TakeWord(&query, ' ');
  const absl::string_view path = TakeWord(&query, '?');
  const auto parsed = ParseRestPath(method, path, query);
  if (!parsed.ok()) {
    FuzzRequire(absl::IsInvalidArgument(parsed.status()), "the path is at fault");
    return 0;
  }
  FuzzRequire(absl::StartsWith(path, kRestPrefix), "it is of this API");
  FuzzRequire(!parsed->model.empty(), "it has a model");
  FuzzRequire(!parsed->version || parsed->label.empty(), "it has a version or a label");
  const auto again = ParseRestPath(method, Written(*parsed), "");
  FuzzRequire(again.ok(), "what was written is a path");
  FuzzRequire(again->verb == parsed->verb && again->model == parsed->model && again->label == parsed->label &&
                  again->version == parsed->version,
              "it means the same");
  return 0;
}

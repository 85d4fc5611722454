#include "cpp_server/services/examples/examples_request.h"

#include "absl/strings/str_cat.h"
#include "cpp_server/advice/words.h"
#include "cpp_server/wire/wire_reader.h"

namespace trilho {
namespace {

// Of both ClassificationRequest and RegressionRequest.
enum RequestField : uint32_t { kModelSpec = 1, kInput = 2 };

}  // namespace

ModelSpec ViewModelSpec(const tensorflow::serving::ModelSpec& message) {
  ModelSpec spec;
  spec.name = message.name();
  if (message.has_version()) spec.version = message.version().value();
  spec.version_label = message.version_label();
  spec.signature_name = message.signature_name();
  return spec;
}

absl::Status NotARequest(absl::string_view type, absl::string_view reason) {
  return absl::InvalidArgumentError(
      absl::StrCat("the request is not ", WithArticle(type), reason.empty() ? "" : ": ", reason));
}

absl::Status ReadExamplesRequest(absl::string_view bytes, absl::string_view type, tensorflow::serving::ModelSpec* spec,
                                 ExamplesRequest* request) {
  bool has_spec = false;
  WireReader reader(bytes);
  while (reader.NextField()) {
    if (reader.field() == kModelSpec) {
      const absl::string_view part = reader.Bytes();
      if (!spec->MergeFromString({part.data(), part.size()})) return NotARequest(type);
      has_spec = true;
    } else if (reader.field() == kInput) {
      const absl::Status merged = request->examples.Merge(reader.Bytes());
      if (!merged.ok()) return NotARequest(type, merged.message());
    } else {
      reader.Skip();
    }
  }
  if (!reader.ok()) return NotARequest(type);
  if (!has_spec) return absl::InvalidArgumentError("Missing ModelSpec");
  request->spec = ViewModelSpec(*spec);
  return absl::OkStatus();
}

}  // namespace trilho

#include "cpp_server/json/message_json.h"

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "cpp_server/advice/words.h"
#include "google/protobuf/util/json_util.h"

namespace trilho {

absl::StatusOr<std::string> WriteMessage(const google::protobuf::Message& message) {
  google::protobuf::util::JsonPrintOptions options;
  options.add_whitespace = true;
  options.always_print_primitive_fields = true;
  options.preserve_proto_field_names = true;
  std::string json;
  const auto status = google::protobuf::util::MessageToJsonString(message, &json, options);
  if (!status.ok()) {
    return absl::InternalError(
        absl::StrCat(WithArticle(message.GetTypeName()), " cannot be written as JSON: ", status.ToString()));
  }
  return json;
}

absl::Status ReadMessage(absl::string_view json, google::protobuf::Message* message) {
  message->Clear();
  if (json.empty()) return absl::OkStatus();
  const auto status = google::protobuf::util::JsonStringToMessage({json.data(), json.size()}, message);
  if (status.ok()) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat("the body is not ", WithArticle(message->GetTypeName()), " as JSON: ",
                                                 absl::string_view(status.message().data(), status.message().size())));
}

}  // namespace trilho

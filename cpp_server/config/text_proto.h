// Text protos, with the place of what is wrong in them.

#ifndef TRILHO_CPP_SERVER_CONFIG_TEXT_PROTO_H_
#define TRILHO_CPP_SERVER_CONFIG_TEXT_PROTO_H_

#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "google/protobuf/message.h"

namespace trilho {

// INVALID_ARGUMENT "Error parsing text-format TYPE: LINE:COLUMN: ...", as
// protobuf says it of TF Serving's files, for the first error; `what` names the
// text, e.g. a field.
absl::Status ParseTextProto(absl::string_view what, const std::string& text, google::protobuf::Message* message);

// The same for a file given by the flag `flag`. NOT_FOUND if it cannot be read;
// INVALID_ARGUMENT "Invalid protobuf file: 'PATH': ...", as TF Serving has it.
absl::Status ReadTextProtoFile(absl::string_view flag, const std::string& path, google::protobuf::Message* message);

// The same for a file with secrets in it: an error tells the place, and nothing
// of what is there.
absl::Status ReadSecretTextProtoFile(absl::string_view flag, const std::string& path,
                                     google::protobuf::Message* message);

}  // namespace trilho

#endif  // TRILHO_CPP_SERVER_CONFIG_TEXT_PROTO_H_

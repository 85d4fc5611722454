// Whole messages as JSON.

#ifndef TRILHO_CPP_SERVER_JSON_MESSAGE_JSON_H_
#define TRILHO_CPP_SERVER_JSON_MESSAGE_JSON_H_

#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "google/protobuf/message.h"

namespace trilho {

// Proto3's JSON with the fields' own names, empty fields included, 64-bit
// integers as strings: how TF Serving writes status and metadata. INTERNAL if
// the message cannot be written.
absl::StatusOr<std::string> WriteMessage(const google::protobuf::Message& message);

// The other way: fields by their own names or in lower camel case; none that the
// message does not have. INVALID_ARGUMENT for what is not such a text. An empty
// text is an empty message.
absl::Status ReadMessage(absl::string_view json, google::protobuf::Message* message);

}  // namespace trilho

#endif  // TRILHO_CPP_SERVER_JSON_MESSAGE_JSON_H_

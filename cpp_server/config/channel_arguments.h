// --grpc_channel_arguments.

#ifndef TRILHO_CPP_SERVER_CONFIG_CHANNEL_ARGUMENTS_H_
#define TRILHO_CPP_SERVER_CONFIG_CHANNEL_ARGUMENTS_H_

#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace trilho {

// The pairs of "KEY=VALUE,KEY=VALUE" in their order; a value may be empty or
// have a "=". INVALID_ARGUMENT, naming it, for a part without key or "=".
absl::StatusOr<std::vector<std::pair<std::string, std::string>>> ParseChannelArguments(absl::string_view text);

}  // namespace trilho

#endif  // TRILHO_CPP_SERVER_CONFIG_CHANNEL_ARGUMENTS_H_

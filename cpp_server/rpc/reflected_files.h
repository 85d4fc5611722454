// What gRPC's reflection knows besides what the program was compiled with.

#ifndef TRILHO_CPP_SERVER_RPC_REFLECTED_FILES_H_
#define TRILHO_CPP_SERVER_RPC_REFLECTED_FILES_H_

#include "absl/status/status.h"
#include "absl/strings/string_view.h"

namespace trilho {

// Lets reflection describe the services of a serialized
// google.protobuf.FileDescriptorSet with all imports, each behind what it
// imports. Files that are known stay as they are. Holds for as long as the
// process lives; to be called before a server starts, from one thread.
// INVALID_ARGUMENT if it is none, or a file contradicts one that is known.
absl::Status AddReflectedFiles(absl::string_view descriptor_set);

}  // namespace trilho

#endif  // TRILHO_CPP_SERVER_RPC_REFLECTED_FILES_H_

// What gRPC's reflection knows besides what the program was compiled with.

#ifndef TRILHO_CPP_SERVER_RPC_REFLECTED_FILES_H_
#define TRILHO_CPP_SERVER_RPC_REFLECTED_FILES_H_

#include "absl/status/status.h"
#include "absl/strings/string_view.h"

namespace trilho {

// Lets reflection describe the services of a serialized
// google.protobuf.FileDescriptorSet with all imports, each behind what it
// imports, which came from the file `path`. Files that are known stay as they
// are: what the program was compiled with, in whatever version a set has it.
// Holds for as long as the process lives; to be called before a server starts,
// from one thread. INVALID_ARGUMENT if it is none, if a file contradicts one that
// is known, or if another set had one of the same name and another content
// (comments do not count), naming both sets.
absl::Status AddReflectedFiles(absl::string_view descriptor_set, absl::string_view path);

}  // namespace trilho

#endif  // TRILHO_CPP_SERVER_RPC_REFLECTED_FILES_H_

// Custom operations.

#ifndef TRILHO_CPP_SERVER_TENSORFLOW_OP_LIBRARY_H_
#define TRILHO_CPP_SERVER_TENSORFLOW_OP_LIBRARY_H_

#include <string>

#include "absl/status/status.h"

namespace trilho {

// Loads the shared library at `path`, whose operations and kernels every model
// that is loaded later may use; it is never unloaded. It must be built for this
// version of TensorFlow. The error, which names the path, is TensorFlow's.
absl::Status LoadOpLibrary(const std::string& path);

}  // namespace trilho

#endif  // TRILHO_CPP_SERVER_TENSORFLOW_OP_LIBRARY_H_

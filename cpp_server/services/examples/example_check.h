// Whether protobuf would parse a tensorflow.Example.

#ifndef TRILHO_CPP_SERVER_SERVICES_EXAMPLES_EXAMPLE_CHECK_H_
#define TRILHO_CPP_SERVER_SERVICES_EXAMPLES_EXAMPLE_CHECK_H_

#include "absl/status/status.h"
#include "absl/strings/string_view.h"

namespace trilho {

// Walks a serialized Example without making a message of it. TF Serving parses each with the request that it is in,
// while TensorFlow's own operation leaves out what it cannot read, and answers. INVALID_ARGUMENT that begins with "is"
// or "has" for one that is malformed or has a feature whose name is not UTF-8.
absl::Status CheckExample(absl::string_view example);

}  // namespace trilho

#endif  // TRILHO_CPP_SERVER_SERVICES_EXAMPLES_EXAMPLE_CHECK_H_

// What sessions of TensorFlow are made with.

#ifndef TRILHO_CPP_SERVER_CONFIG_SESSION_CONFIG_H_
#define TRILHO_CPP_SERVER_CONFIG_SESSION_CONFIG_H_

#include "absl/status/statusor.h"
#include "tensorflow/core/protobuf/config.pb.h"

namespace trilho {

// --tensorflow_session_config_file with the flags for numbers of threads in it.
// A flag of its own comes before --tensorflow_session_parallelism, that before
// the file, and the file before the default of
// --tensorflow_intra_op_parallelism. A flag that is 0 comes before nothing: to
// TF Serving it is not set. NOT_FOUND if the file cannot be read;
// INVALID_ARGUMENT, with line and column, if it does not parse.
absl::StatusOr<tensorflow::ConfigProto> SessionConfigFromFlags();

}  // namespace trilho

#endif  // TRILHO_CPP_SERVER_CONFIG_SESSION_CONFIG_H_

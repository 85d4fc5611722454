// --ssl_config_file, and the files of the other ports that are like it.

#ifndef TRILHO_CPP_SERVER_CONFIG_SSL_CONFIG_H_
#define TRILHO_CPP_SERVER_CONFIG_SSL_CONFIG_H_

#include <string>

#include "absl/status/statusor.h"
#include "tensorflow_serving/config/ssl_config.pb.h"

namespace trilho {

// Reads a text proto tensorflow.serving.SSLConfig; `flag` names it in errors.
// NOT_FOUND if the file cannot be read; INVALID_ARGUMENT, naming the field, if
// it does not parse, a key or certificate is missing or is not one in PEM, the
// key is not the certificate's, or clients are to be verified without custom_ca.
absl::StatusOr<tensorflow::serving::SSLConfig> ReadSslConfigFile(const std::string& flag, const std::string& path);

}  // namespace trilho

#endif  // TRILHO_CPP_SERVER_CONFIG_SSL_CONFIG_H_

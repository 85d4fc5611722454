// --ssl_config_file.

#ifndef TRILHO_CPP_SERVER_CONFIG_SSL_CONFIG_H_
#define TRILHO_CPP_SERVER_CONFIG_SSL_CONFIG_H_

#include <string>

#include "absl/status/statusor.h"
#include "tensorflow_serving/config/ssl_config.pb.h"

namespace trilho {

// A text proto tensorflow.serving.SSLConfig. NOT_FOUND if the file cannot be
// read; INVALID_ARGUMENT, naming the field, if it does
// not parse, a key or certificate is missing or is not one in PEM, the key is
// not the certificate's, or clients are to be verified without custom_ca.
absl::StatusOr<tensorflow::serving::SSLConfig> ReadSslConfigFile(const std::string& path);

}  // namespace trilho

#endif  // TRILHO_CPP_SERVER_CONFIG_SSL_CONFIG_H_

#include <string>

#include "absl/flags/flag.h"
#include "cpp_server/config/flags.h"

ABSL_FLAG(std::string, ssl_config_file, "",
          "Text proto tensorflow.serving.SSLConfig with the text of key and certificates, in PEM; the ports then speak "
          "TLS only.");
ABSL_FLAG(std::string, auth_token_file, "",
          "File with a bearer token a line; every call but health and readiness must then have one of them.");

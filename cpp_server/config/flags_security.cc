#include <string>

#include "absl/flags/flag.h"
#include "cpp_server/config/flags.h"

ABSL_FLAG(std::string, ssl_config_file, "",
          "Text proto tensorflow.serving.SSLConfig with the text of key and certificates, in PEM; the ports then speak "
          "TLS only.");
ABSL_FLAG(std::string, auth_token_file, "",
          "File with a bearer token a line; every call but health and readiness must then have one of them.");
ABSL_FLAG(std::string, model_roots, "",
          "Folders, with commas between them, below which base paths and logging prefixes must lie that come by RPC or "
          "HTTP; anywhere if empty.");

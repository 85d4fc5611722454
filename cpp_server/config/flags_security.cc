#include <string>

#include "absl/flags/flag.h"
#include "cpp_server/config/flags.h"

ABSL_FLAG(std::string, ssl_config_file, "",
          "Text proto tensorflow.serving.SSLConfig with the text of key and certificates, in PEM; gRPC's port and UNIX "
          "socket then speak TLS only.");
ABSL_FLAG(std::string, rest_api_ssl_config_file, "",
          "As --ssl_config_file, for --rest_api_port, which then speaks HTTPS only; may be the same file.");
ABSL_FLAG(std::string, management_ssl_config_file, "",
          "As --ssl_config_file, for --management_port, which then speaks HTTPS only; may be the same file.");
ABSL_FLAG(std::string, auth_token_file, "",
          "File with a bearer token a line; every call but health and readiness must then have one of them.");
ABSL_FLAG(std::string, model_roots, "",
          "Folders, with commas between them, below which base paths and logging prefixes must lie that come by RPC or "
          "HTTP; anywhere if empty.");

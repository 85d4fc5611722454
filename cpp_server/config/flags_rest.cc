#include <cstdint>
#include <string>

#include "absl/flags/flag.h"
#include "cpp_server/config/flags.h"

ABSL_FLAG(int, rest_api_port, 0,
          "HTTP port of the REST API, health, readiness, metrics and the page; 0: none; -1: a free one.");
ABSL_FLAG(int, rest_api_num_threads, 0, "REST calls that run models at once; 0: one per CPU. Calls beyond them queue.");
ABSL_FLAG(int, rest_api_timeout_in_ms, 30000,
          "A REST call that takes longer is answered 504, but not on the port for management; 0: it may take forever.");
// JSON takes some 18 times its size in memory while it is read.
ABSL_FLAG(int64_t, rest_api_max_body_bytes, int64_t{256} << 20,
          "A REST call with a larger body, after gzip, is answered 413.");
ABSL_FLAG(bool, rest_api_enable_cors_support, false, "Let pages of other sites call the REST API.");
ABSL_FLAG(
    std::string, allowed_hosts, "",
    "Names of this server, with commas between them and without ports, under which management may be asked over "
    "HTTP, besides its IP addresses and localhost: others are answered 403, as a page of another site may be behind "
    "them.");
ABSL_FLAG(int, management_port, 0,
          "HTTP port of its own for metrics, readiness and the management of models; 0: none; -1: a free one.");

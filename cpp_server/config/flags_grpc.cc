#include <cstdint>
#include <string>

#include "absl/flags/flag.h"
#include "cpp_server/config/flags.h"

ABSL_FLAG(int, port, 8500, "gRPC port; 0 chooses a free one and logs it.");
ABSL_FLAG(std::string, grpc_socket_path, "", "Also listen on this UNIX socket.");
ABSL_FLAG(int, grpc_max_threads, 0, "Threads that run models, one call each; 0: one per CPU. Calls beyond them queue.");
ABSL_FLAG(std::string, bind_address, "0.0.0.0", "IP address that all ports, gRPC's and HTTP's, listen on.");
ABSL_FLAG(int, max_queued_requests, 2048,
          "Requests that may wait for a thread, over gRPC and over HTTP each; what comes beyond is answered "
          "RESOURCE_EXHAUSTED (429) at once.");
ABSL_FLAG(int64_t, max_request_memory_bytes, -1,
          "Bytes of requests that are read, wait or run, of gRPC and of each HTTP port, which has its own; what comes "
          "beyond is answered RESOURCE_EXHAUSTED (429) at once. -1: a quarter of the memory, shared out equally, but "
          "for management, which has 64 MiB at most; 0: no bound.");
ABSL_FLAG(int64_t, max_response_memory_bytes, -1,
          "Bytes of answers that callers have not taken yet, of gRPC and of each HTTP port, which has its own; once it "
          "is reached, stalled readers lose theirs and calls are answered RESOURCE_EXHAUSTED (429). -1: a quarter of "
          "the memory, shared out equally, but for management, which has 64 MiB at most; 0: no bound.");
ABSL_FLAG(std::string, grpc_channel_arguments, "",
          "Comma-separated KEY=VALUE arguments of gRPC's listening channels, e.g. grpc.max_connection_age_ms=60000. "
          "Not gRPC's defaults: grpc.max_connection_idle_ms=600000, grpc.server_handshake_timeout_ms=10000, "
          "grpc.keepalive_time_ms=300000.");
ABSL_FLAG(bool, enable_serialization_as_tensor_content, false,
          "Predict answers over gRPC with tensor_content instead of float_val and the like.");

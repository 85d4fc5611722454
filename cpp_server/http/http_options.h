// What can be set of the HTTP front.

#ifndef TRILHO_CPP_SERVER_HTTP_HTTP_OPTIONS_H_
#define TRILHO_CPP_SERVER_HTTP_HTTP_OPTIONS_H_

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/types/optional.h"
#include "cpp_server/admission/request_memory.h"
#include "cpp_server/admission/response_memory.h"

namespace trilho {

// All in PEM, the text itself and not the name of a file.
struct HttpTlsOptions {
  // Not encrypted.
  std::string private_key;
  // The server's certificate first, then those that signed it.
  std::string certificate_chain;
  // Who signs clients' certificates; needed for verify_client only.
  std::string client_ca;
  // Refuses clients without a certificate of client_ca.
  bool verify_client = false;
};

struct HttpOptions {
  // Of an interface: IPv4 or IPv6, not a name.
  std::string address = "0.0.0.0";
  // 0 chooses a free one.
  int port = 0;

  // Handlers of the data plane that run at once, and calls that may wait for them; what comes beyond is answered 429.
  int data_threads = 1;
  int max_queued_data_calls = 2048;

  // For bodies, from their first byte to the reply; 429 beyond. When it is used up, the body that is still being read
  // and comes the slowest gives way, unless it is a small one. No bound if null.
  std::shared_ptr<RequestMemory> memory;
  // For answers of more than 16 KiB until the network has them. When it is used up, those end whose client has taken
  // nothing for longest, and calls of the data plane are answered 429. No bound if null.
  std::shared_ptr<ResponseMemory> response_memory;
  // Also of a body once it is decompressed; 413 beyond.
  int64_t max_body_bytes = INT32_MAX;
  // Of the request line and all headers; 431 beyond. At most 64 KiB.
  uint32_t max_header_bytes = 64 << 10;
  // One more takes the place of the one that has been idle for longest. If none is, it is answered a request of the
  // control plane without a body, so that probes get through, and anything else with 503; then it is closed.
  int max_connections = 4096;

  // Of a connection between two requests.
  std::chrono::milliseconds idle_timeout = std::chrono::seconds(60);
  // From a request's first byte to the end of its header, or for a TLS handshake; 408 beyond.
  std::chrono::milliseconds header_timeout = std::chrono::seconds(10);
  // Between two pieces of a body, or of a response.
  std::chrono::milliseconds progress_timeout = std::chrono::seconds(30);
  // A body must come this fast, over every progress_timeout; 408 if not. A response must be taken this fast, or is cut.
  // 0: as slowly as it likes.
  int min_bytes_per_second = 1024;
  // A client that takes nothing of its response for this long, or little longer, loses it when others need its room.
  std::chrono::milliseconds stalled_reader_patience = std::chrono::seconds(1);
  // From the end of a request to its reply; 504 beyond. 0 waits forever.
  std::chrono::milliseconds request_timeout = std::chrono::seconds(30);
  // A client that ends its side sooner than this after its request, as `nc -N` does, waits for its answer; one that
  // does it later has given up. The wire does not tell them apart.
  std::chrono::milliseconds half_close_window = std::chrono::milliseconds(100);

  // Adds Access-Control-Allow-... to every response.
  bool cors = false;
  // Plain text if there is none.
  absl::optional<HttpTlsOptions> tls;
};

// Returns INVALID_ARGUMENT, naming it, for an option that makes no sense.
absl::Status CheckHttpOptions(const HttpOptions& options);

}  // namespace trilho

#endif  // TRILHO_CPP_SERVER_HTTP_HTTP_OPTIONS_H_

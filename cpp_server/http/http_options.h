// What can be set of the HTTP front.

#ifndef TRILHO_CPP_SERVER_HTTP_HTTP_OPTIONS_H_
#define TRILHO_CPP_SERVER_HTTP_HTTP_OPTIONS_H_

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>

#include "absl/types/optional.h"

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

  // Also of a body once it is decompressed; 413 beyond.
  int64_t max_body_bytes = INT32_MAX;
  // Of the request line and all headers; 431 beyond. At most 64 KiB.
  uint32_t max_header_bytes = 64 << 10;
  // What comes beyond is answered 503.
  int max_connections = 4096;

  // Of a connection between two requests.
  std::chrono::milliseconds idle_timeout = std::chrono::seconds(60);
  // From a request's first byte to the end of its header, or for a TLS handshake; 408 beyond.
  std::chrono::milliseconds header_timeout = std::chrono::seconds(10);
  // Between two pieces of a body, or of a response.
  std::chrono::milliseconds progress_timeout = std::chrono::seconds(30);
  // From the end of a request to its reply; 504 beyond. 0 waits forever.
  std::chrono::milliseconds request_timeout = std::chrono::seconds(30);

  // Adds Access-Control-Allow-... to every response.
  bool cors = false;
  // Plain text if there is none.
  absl::optional<HttpTlsOptions> tls;
};

}  // namespace trilho

#endif  // TRILHO_CPP_SERVER_HTTP_HTTP_OPTIONS_H_

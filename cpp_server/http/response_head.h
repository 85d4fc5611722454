// The beginning of a response.

#ifndef TRILHO_CPP_SERVER_HTTP_RESPONSE_HEAD_H_
#define TRILHO_CPP_SERVER_HTTP_RESPONSE_HEAD_H_

#include <chrono>
#include <string>

#include "cpp_server/http/http_call.h"

namespace trilho {

struct ResponseFraming {
  // 11 is HTTP/1.1, 10 is HTTP/1.0.
  int version = 11;
  bool keep_alive = true;
  bool cors = false;
};

// Whether a response of this status may have a body.
bool MayHaveBody(int status);

// The status line and all headers, with the empty line. Headers that would
// break the format are left out.
std::string ResponseHead(const HttpResponse& response, const ResponseFraming& framing,
                         std::chrono::system_clock::time_point now);

}  // namespace trilho

#endif  // TRILHO_CPP_SERVER_HTTP_RESPONSE_HEAD_H_

#include "cpp_server/http/response_head.h"

#include <algorithm>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "boost/beast/http/status.hpp"

namespace trilho {
namespace {

constexpr absl::string_view kCors =
    "Access-Control-Allow-Origin: *\r\n"
    "Access-Control-Allow-Methods: GET, POST\r\n"
    // The wildcard does not stand for the header of tokens.
    "Access-Control-Allow-Headers: *, Authorization\r\n";

bool IsName(const std::string& name) {
  constexpr absl::string_view kSymbols = "!#$%&'*+-.^_`|~";
  return !name.empty() && std::all_of(name.begin(), name.end(), [kSymbols](unsigned char c) {
    return absl::ascii_isalnum(c) || kSymbols.find(static_cast<char>(c)) != absl::string_view::npos;
  });
}

bool IsValue(const std::string& value) {
  return std::none_of(value.begin(), value.end(), [](unsigned char c) { return absl::ascii_iscntrl(c) && c != '\t'; });
}

void AddHeader(const std::string& name, const std::string& value, std::string* head) {
  if (IsName(name) && IsValue(value)) absl::StrAppend(head, name, ": ", value, "\r\n");
}

}  // namespace

bool MayHaveBody(int status) { return status >= 200 && status != 204 && status != 304; }

std::string ResponseHead(const HttpResponse& response, const ResponseFraming& framing,
                         std::chrono::system_clock::time_point now) {
  const auto reason =
      boost::beast::http::obsolete_reason(boost::beast::http::int_to_status(static_cast<unsigned>(response.status)));
  std::string head = absl::StrCat(framing.version == 10 ? "HTTP/1.0 " : "HTTP/1.1 ", response.status, " ",
                                  absl::string_view(reason.data(), reason.size()), "\r\n");
  absl::StrAppend(&head,
                  "Date: ", absl::FormatTime("%a, %d %b %E4Y %H:%M:%S GMT", absl::FromChrono(now), absl::UTCTimeZone()),
                  "\r\n");
  if (MayHaveBody(response.status)) {
    AddHeader("Content-Type", response.content_type, &head);
    absl::StrAppend(&head, "Content-Length: ", response.body.size(), "\r\n");
  }
  if (!framing.keep_alive) {
    head += "Connection: close\r\n";
  } else if (framing.version == 10) {
    head += "Connection: keep-alive\r\n";
  }
  if (framing.cors) absl::StrAppend(&head, kCors);
  for (const auto& header : response.headers) AddHeader(header.first, header.second, &head);
  head += "\r\n";
  return head;
}

}  // namespace trilho

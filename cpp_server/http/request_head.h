// The header of a request that Beast has read.

#ifndef TRILHO_CPP_SERVER_HTTP_REQUEST_HEAD_H_
#define TRILHO_CPP_SERVER_HTTP_REQUEST_HEAD_H_

#include <string>

#include "absl/strings/string_view.h"
#include "cpp_server/http/http_call.h"
#include "cpp_server/http/request_body.h"

namespace trilho {

// Refers to what it is made of, which must outlive it.
class RequestHead final : public HttpRequestHead {
 public:
  RequestHead(const HttpRequest& request, const std::string& peer);

  absl::string_view method() const override;
  absl::string_view path() const override { return path_; }
  absl::string_view query() const override { return query_; }
  absl::string_view header(absl::string_view name) const override;
  std::string peer() const override { return peer_; }

 private:
  const HttpRequest& request_;
  const std::string& peer_;
  // Into request_.
  absl::string_view path_;
  absl::string_view query_;
};

// Fault of a header, and the HTTP status that the request is answered with; 0 if there is none.
struct HeadFault {
  int http_status = 0;
  std::string message;
};

// Returns the first fault of a header: it must have one Host, and neither a Transfer-Encoding nor an expectation that
// the front does not know.
HeadFault FindFault(const HttpRequest& request);

}  // namespace trilho

#endif  // TRILHO_CPP_SERVER_HTTP_REQUEST_HEAD_H_

// A service over HTTP, each of its messages as JSON.

#ifndef TRILHO_CPP_SERVER_SERVER_HTTP_MANAGEMENT_H_
#define TRILHO_CPP_SERVER_SERVER_HTTP_MANAGEMENT_H_

#include <memory>

#include "absl/strings/string_view.h"
#include "cpp_server/http/http_call.h"
#include "cpp_server/rpc/unary_call.h"

namespace trilho {

// POST /v1/management/METHOD with the request's message as JSON is answered with
// the response's; an empty body is a message without fields. Any other must say
// that it is application/json, or is answered 415.
class HttpManagement {
 public:
  // Its descriptor must be linked in.
  explicit HttpManagement(ServiceDefinition service) : service_(std::move(service)) {}

  static bool IsManagementPath(absl::string_view path);

  // `call` is one of a management path. The service's handlers must outlive it.
  void Handle(const std::shared_ptr<HttpCall>& call) const;

 private:
  const ServiceDefinition service_;
};

}  // namespace trilho

#endif  // TRILHO_CPP_SERVER_SERVER_HTTP_MANAGEMENT_H_

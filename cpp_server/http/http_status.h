// Errors as HTTP shows them.

#ifndef TRILHO_CPP_SERVER_HTTP_HTTP_STATUS_H_
#define TRILHO_CPP_SERVER_HTTP_HTTP_STATUS_H_

#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "cpp_server/http/http_call.h"

namespace trilho {

// TF Serving's mapping; 500 for what is no code.
int HttpStatusOf(absl::StatusCode code);

// The body of every error: {"error": "MESSAGE"}, the message as ErrorText has it.
std::string ErrorBody(absl::string_view message);

// For errors that no absl::StatusCode stands for, e.g. 413.
HttpResponse ErrorResponse(int status, absl::string_view message);

// `status` must not be OK. For UNAUTHENTICATED the response names the scheme of tokens.
HttpResponse ErrorResponse(const absl::Status& status);

}  // namespace trilho

#endif  // TRILHO_CPP_SERVER_HTTP_HTTP_STATUS_H_

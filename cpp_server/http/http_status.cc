#include "cpp_server/http/http_status.h"

#include "cpp_server/json/json_memory.h"
#include "cpp_server/utf8/utf8.h"

namespace trilho {
int HttpStatusOf(absl::StatusCode code) {
  switch (code) {
    case absl::StatusCode::kOk:
      return 200;
    case absl::StatusCode::kCancelled:
      return 499;
    case absl::StatusCode::kInvalidArgument:
    case absl::StatusCode::kFailedPrecondition:
    case absl::StatusCode::kOutOfRange:
      return 400;
    case absl::StatusCode::kDeadlineExceeded:
      return 504;
    case absl::StatusCode::kNotFound:
      return 404;
    case absl::StatusCode::kAlreadyExists:
    case absl::StatusCode::kAborted:
      return 409;
    case absl::StatusCode::kPermissionDenied:
      return 403;
    case absl::StatusCode::kResourceExhausted:
      return 429;
    case absl::StatusCode::kUnimplemented:
      return 501;
    case absl::StatusCode::kUnavailable:
      return 503;
    case absl::StatusCode::kUnauthenticated:
      return 401;
    default:  // UNKNOWN, INTERNAL, DATA_LOSS
      return 500;
  }
}

std::string ErrorBody(absl::string_view message) {
  const std::string valid = ErrorText(message);
  JsonBuffer quoted;
  JsonWriter writer(quoted);
  writer.String(valid.data(), static_cast<rapidjson::SizeType>(valid.size()));
  std::string body = R"({"error": )";
  body.append(quoted.GetString(), quoted.GetSize());
  body += '}';
  return body;
}

HttpResponse ErrorResponse(int status, absl::string_view message) {
  HttpResponse response;
  response.status = status;
  response.body = ErrorBody(message);
  return response;
}

HttpResponse ErrorResponse(const absl::Status& status) {
  HttpResponse response = ErrorResponse(status.ok() ? 500 : HttpStatusOf(status.code()),
                                        {status.message().data(), status.message().size()});
  if (absl::IsUnauthenticated(status)) response.headers.emplace_back("WWW-Authenticate", "Bearer");
  return response;
}

}  // namespace trilho

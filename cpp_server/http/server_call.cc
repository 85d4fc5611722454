#include "cpp_server/http/server_call.h"

#include <utility>

#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "cpp_server/http/gzip.h"
#include "cpp_server/http/http_status.h"
#include "cpp_server/logging/log.h"

namespace trilho {
namespace {

namespace http = boost::beast::http;

absl::string_view View(boost::beast::string_view text) { return {text.data(), text.size()}; }

// Without the "http://host" that proxies are sent.
absl::string_view OriginForm(absl::string_view target) {
  for (const absl::string_view scheme : {"http://", "https://"}) {
    if (!absl::StartsWithIgnoreCase(target, scheme)) continue;
    const size_t path = target.find_first_of("/?", scheme.size());
    return path == absl::string_view::npos ? "/" : target.substr(path);
  }
  return target;
}

constexpr int kUnsupportedMediaType = 415;
// The codings of bodies that are read, for Accept-Encoding.
constexpr char kCodings[] = "gzip";

enum class Coding { kNone, kGzip, kUnknown };

Coding CodingOf(absl::string_view content_encoding) {
  Coding coding = Coding::kNone;
  for (absl::string_view name : absl::StrSplit(content_encoding, ',')) {
    name = absl::StripAsciiWhitespace(name);
    if (name.empty() || absl::EqualsIgnoreCase(name, "identity")) continue;
    const bool is_gzip = absl::EqualsIgnoreCase(name, "gzip") || absl::EqualsIgnoreCase(name, "x-gzip");
    if (!is_gzip || coding != Coding::kNone) return Coding::kUnknown;
    coding = Coding::kGzip;
  }
  return coding;
}

}  // namespace

ServerCall::ServerCall(HttpRequest request, RequestMemory::Share memory, std::string peer,
                       std::chrono::steady_clock::time_point deadline, Send send)
    : request_(std::move(request)),
      memory_(std::move(memory)),
      peer_(std::move(peer)),
      deadline_(deadline),
      send_(std::move(send)) {
  const absl::string_view target = OriginForm(View(request_.target()));
  const size_t mark = target.find('?');
  path_ = target.substr(0, mark);
  if (mark != absl::string_view::npos) query_ = target.substr(mark + 1);
}

// NOLINTNEXTLINE(bugprone-exception-escape): Beast throws for want of memory only, which ends the process either way
ServerCall::~ServerCall() {
  if (!replied_) Reply(ErrorResponse(absl::InternalError("the request was not answered by its handler")));
}

absl::string_view ServerCall::method() const {
  const absl::string_view method = View(request_.method_string());
  return method == "HEAD" ? "GET" : method;
}

absl::string_view ServerCall::header(absl::string_view name) const {
  const auto found = request_.find(boost::beast::string_view(name.data(), name.size()));
  return found == request_.end() ? absl::string_view() : View(found->value());
}

void ServerCall::Reply(HttpResponse response) {
  if (replied_.exchange(true)) {
    Log(Severity::kError, absl::StrCat(method(), " ", path_, " was answered twice; the second answer is dropped"));
    return;
  }
  // Whoever reads the answer finds room for the next request.
  memory_.Release();
  std::exchange(send_, nullptr)(std::move(response));
}

absl::Status ServerCall::Decode(size_t max_body_bytes, int* http_status) {
  const absl::string_view encoding = header("content-encoding");
  const Coding coding = request_.body().empty() ? Coding::kNone : CodingOf(encoding);
  if (coding == Coding::kUnknown) {
    *http_status = kUnsupportedMediaType;
    return absl::InvalidArgumentError(
        absl::StrCat("Content-Encoding: ", encoding, " is not supported, only ", kCodings, " is"));
  }
  if (coding == Coding::kNone) return absl::OkStatus();
  absl::StatusOr<std::string> body = Gunzip(request_.body(), max_body_bytes);
  if (!body.ok()) {
    *http_status = absl::IsResourceExhausted(body.status()) ? 413 : 400;
    return body.status();
  }
  absl::Status room = memory_.Resize(body->size());
  if (!room.ok()) {
    *http_status = HttpStatusOf(room.code());
    return room;
  }
  request_.body() = *std::move(body);
  return absl::OkStatus();
}

void ServerCall::Refuse(const HttpRoute& route, int http_status, const absl::Status& status) {
  if (route.refused) route.refused(*this, status);
  HttpResponse response = ErrorResponse(http_status, {status.message().data(), status.message().size()});
  // RFC 9110 lets a client learn from it how to send the same body again.
  if (http_status == kUnsupportedMediaType) response.headers.emplace_back("Accept-Encoding", kCodings);
  Reply(std::move(response));
}

void ServerCall::Handle(std::shared_ptr<ServerCall> call, size_t max_body_bytes, const HttpRoute& route) {
  // Those who left while they waited cost nothing.
  if (*call->cancelled_) {
    const bool late = std::chrono::steady_clock::now() >= call->deadline_;
    const absl::Status gone = late ? absl::DeadlineExceededError("the deadline passed before the call was begun")
                                   : absl::CancelledError("the caller has gone before its call was begun");
    return call->Refuse(route, HttpStatusOf(gone.code()), gone);
  }
  if (route.admit && !route.admit(call)) return;
  int http_status = 0;
  const absl::Status decoded = call->Decode(max_body_bytes, &http_status);
  if (!decoded.ok()) return call->Refuse(route, http_status, decoded);
  route.handler(std::move(call));
}

}  // namespace trilho

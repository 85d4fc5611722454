#include "cpp_server/http/server_call.h"

#include <new>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "cpp_server/admission/no_memory.h"
#include "cpp_server/http/http_status.h"
#include "cpp_server/logging/log.h"

namespace trilho {
namespace {

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

ServerCall::ServerCall(HttpRequest request, SharedEndpoint endpoint, RequestMemory::Share memory, std::string peer,
                       std::chrono::steady_clock::time_point deadline, Send send)
    : request_(std::move(request)),
      endpoint_(std::move(endpoint)),
      memory_(std::move(memory)),
      peer_(std::move(peer)),
      deadline_(deadline),
      send_(std::move(send)) {}

// NOLINTNEXTLINE(bugprone-exception-escape): Beast throws for want of memory only, which ends the process either way
ServerCall::~ServerCall() {
  if (!replied_) Reply(ErrorResponse(absl::InternalError("the request was not answered by its handler")));
}

void ServerCall::Reply(HttpResponse response) {
  if (replied_.exchange(true)) {
    Log(Severity::kError, absl::StrCat(method(), " ", path(), " was answered twice; the second answer is dropped"));
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
  std::string& sent = request_.body();
  auto body = Gunzip(sent, max_body_bytes, [&](size_t bytes) { return memory_.Resize(sent.size() + bytes); });
  if (absl::IsOutOfRange(body.status())) {
    *http_status = 413;
    return absl::ResourceExhaustedError(body.status().message());
  }
  if (!body.ok()) {
    *http_status = HttpStatusOf(body.status().code());
    return body.status();
  }
  decoded_ = *std::move(body);
  sent = std::string();
  // Less than it had: there is room.
  return memory_.Resize(decoded_->capacity());
}

void ServerCall::TellRefused(const absl::Status& status) const {
  if (endpoint_->refused) endpoint_->refused(*this, status);
}

void ServerCall::Refuse(int http_status, const absl::Status& status) {
  TellRefused(status);
  HttpResponse response = ErrorResponse(http_status, {status.message().data(), status.message().size()});
  // RFC 9110 lets a client learn from it how to send the same body again.
  if (http_status == kUnsupportedMediaType) response.headers.emplace_back("Accept-Encoding", kCodings);
  Reply(std::move(response));
}

void ServerCall::Handle(const std::shared_ptr<ServerCall>& call, size_t max_body_bytes) {
  // Those who left while they waited cost nothing.
  if (*call->cancelled_) {
    const bool late = std::chrono::steady_clock::now() >= call->deadline_;
    const absl::Status gone = late ? absl::DeadlineExceededError("the deadline passed before the call was begun")
                                   : absl::CancelledError("the caller has gone before its call was begun");
    return call->Refuse(HttpStatusOf(gone.code()), gone);
  }
  if (!std::exchange(call->begun_, true)) {
    int http_status = 0;
    const absl::Status decoded = call->Decode(max_body_bytes, &http_status);
    if (!decoded.ok()) return call->Refuse(http_status, decoded);
  }
  try {
    call->endpoint_->handle(call);
  } catch (const std::bad_alloc&) {
    if (!call->replied_) call->Reply(ErrorResponse(NoMemoryError()));
  }
}

}  // namespace trilho

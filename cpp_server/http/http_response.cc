// The way of an HttpConnection's responses.

#include <linux/sockios.h>
#include <sys/ioctl.h>

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "boost/asio/buffer.hpp"
#include "cpp_server/http/http_connection.h"
#include "cpp_server/http/http_status.h"
#include "cpp_server/http/request_head.h"
#include "cpp_server/http/response_head.h"

namespace trilho {
namespace {

namespace asio = boost::asio;
using boost::beast::error_code;

// Bodies that are sent together with their head.
constexpr size_t kSmallBody = 16 << 10;
constexpr std::chrono::milliseconds kLingerTimeout{5000};

// What the status of a request that cannot be read to its end would be over gRPC.
absl::StatusCode CodeOf(int http_status) {
  switch (http_status) {
    case 408:
      return absl::StatusCode::kDeadlineExceeded;
    case 413:
      return absl::StatusCode::kResourceExhausted;
    case 501:
      return absl::StatusCode::kUnimplemented;
    case 503:
      return absl::StatusCode::kUnavailable;
    default:
      return absl::StatusCode::kInvalidArgument;
  }
}

}  // namespace

void HttpConnection::Reject(int status, absl::string_view message) {
  TellRefused(absl::Status(CodeOf(status), message));
  keep_alive_ = false;
  Respond(ErrorResponse(status, message));
}

void HttpConnection::Reject(const absl::Status& status) {
  TellRefused(status);
  keep_alive_ = false;
  Respond(ErrorResponse(status));
}

void HttpConnection::Refuse(const absl::Status& status) {
  complete_ = parser_->is_done();
  if (!complete_) keep_alive_ = false;
  TellRefused(status);
  Respond(ErrorResponse(status));
}

void HttpConnection::TellRefused(const absl::Status& status) {
  if (parser_ && !parser_->get().target().empty()) {
    // The rest of its header may be missing.
    if (endpoint_ == nullptr) endpoint_ = host_->router().Match(RequestHead(parser_->get(), peer_));
    // What is asked of a call is answered from what has come of its header; its own answer goes nowhere.
    const ServerCall refused(parser_->release(), std::move(endpoint_), RequestMemory::Share(), peer_,
                             std::chrono::steady_clock::time_point::max(), [](const HttpResponse&) {});
    refused.TellRefused(status);
  }
  // What came of it is of no use any more.
  parser_.reset();
  endpoint_.reset();
  memory_.Release();
}

void HttpConnection::Respond(HttpResponse response) {
  const auto sending = std::exchange(response.sending, nullptr);
  absl::Status sent;
  if (response.status < 200 || response.status > 599) {
    sent = absl::InternalError(absl::StrCat("the handler answered with the status ", response.status));
    response = ErrorResponse(sent);
  }
  state_ = State::kResponse;
  keep_alive_ = keep_alive_ && !host_->stopping();
  ResponseFraming framing;
  framing.version = version_;
  framing.keep_alive = keep_alive_;
  framing.cors = options_.cors;
  const bool has_body = !is_head_ && MayHaveBody(response.status);
  if (has_body && response.body.size() > kSmallBody) {
    sent = HoldBody(response.body.capacity());
    if (!sent.ok()) response = ErrorResponse(sent);
  }
  if (sending) sending(sent);
  head_ = ResponseHead(response, framing, std::chrono::system_clock::now());
  if (has_body) {
    if (response.body.size() <= kSmallBody) {
      head_ += response.body;
    } else {
      body_ = std::move(response.body);
    }
  }
  HasTakenMore();
  taken_at_ = Clock::now();
  stalled_since_.reset();
  response_rate_.Begin(taken_at_);
  AwaitTaking();
  Write();
}

absl::Status HttpConnection::CheckResponseRoom() {
  if (options_.response_memory == nullptr) return absl::OkStatus();
  absl::Status room = options_.response_memory->Check();
  while (!room.ok() && host_->EndStalledReader()) room = options_.response_memory->Check();
  return room;
}

absl::Status HttpConnection::HoldBody(size_t bytes) {
  absl::Status room = response_memory_.Take(bytes);
  while (!room.ok() && host_->EndStalledReader()) room = response_memory_.Take(bytes);
  if (room.ok() || !is_probe_) return room;
  response_memory_.TakeBeyond(bytes);
  return absl::OkStatus();
}

absl::optional<HttpConnection::Clock::time_point> HttpConnection::StalledSince() const {
  return state_ == State::kResponse && response_memory_.bytes() > 0 ? stalled_since_ : absl::nullopt;
}

bool HttpConnection::HasTakenMore() {
  // The bytes in the system's buffer, which may be megabytes, are not acknowledged yet.
  int queued = 0;
  if (::ioctl(stream_.socket().native_handle(), SIOCOUTQ, &queued) != 0) queued = 0;
  const uint64_t taken = sent_ - std::min(sent_, static_cast<uint64_t>(queued));
  if (taken <= taken_) return false;
  taken_at_ = Clock::now();
  stalled_since_.reset();
  response_rate_.Moved(taken - taken_, taken_at_);
  taken_ = taken;
  return true;
}

bool HttpConnection::AwaitTaking() {
  const bool has_taken_more = HasTakenMore();
  const Clock::time_point now = Clock::now();
  if (now >= response_rate_.due()) return false;
  if (!has_taken_more && now >= taken_at_ + options_.stalled_reader_patience) stalled_since_ = taken_at_;
  // It looks now and then, to know early who is stalled.
  SetExpiry(std::min(response_rate_.due(), now + options_.stalled_reader_patience));
  return true;
}

void HttpConnection::Write() {
  const absl::string_view rest = written_ < head_.size() ? absl::string_view(head_).substr(written_)
                                                         : absl::string_view(body_).substr(written_ - head_.size());
  stream_.WriteSome(asio::buffer(rest.data(), rest.size()),
                    [self = shared_from_this()](const error_code& error, size_t n) { self->OnWritten(error, n); });
}

void HttpConnection::OnWritten(const error_code& error, size_t size) {
  if (state_ == State::kClosed) return;
  if (error) return Close();
  written_ += size;
  sent_ += size;
  if (written_ < head_.size() + body_.size()) return Write();
  written_ = 0;
  head_.clear();
  body_ = std::string();
  response_memory_.Release();
  if (state_ == State::kContinue) {
    state_ = State::kBody;
    return Parse();
  }
  if (keep_alive_) return BecomeIdle();
  Linger();
}

void HttpConnection::Linger() {
  EndExchange();
  if (ended_) return Close();
  state_ = State::kLingering;
  SetTimer(kLingerTimeout);
  parser_.reset();
  memory_.Release();
  input_ = std::string();
  // A goodbye over TLS would take what the client still sends for an error.
  if (stream_.is_tls() && complete_) {
    return stream_.SayGoodbye([self = shared_from_this()](const error_code&) { self->Close(); });
  }
  if (!stream_.is_tls()) stream_.EndSending();
  Read();
}

void HttpConnection::BeginExchange() {
  if (!std::exchange(in_exchange_, true)) host_->ExchangeBegan();
}

void HttpConnection::EndExchange() {
  if (std::exchange(in_exchange_, false)) host_->ExchangeEnded();
}

}  // namespace trilho

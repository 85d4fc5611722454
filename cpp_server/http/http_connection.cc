#include "cpp_server/http/http_connection.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "boost/asio/error.hpp"
#include "boost/asio/post.hpp"
#include "boost/asio/ssl/error.hpp"
#include "boost/beast/http/error.hpp"
#include "boost/beast/http/field.hpp"
#include "cpp_server/advice/words.h"
#include "cpp_server/http/http_status.h"
#include "cpp_server/http/request_head.h"

namespace trilho {
namespace {

namespace asio = boost::asio;
namespace http = boost::beast::http;
using boost::beast::error_code;

constexpr size_t kReadSize = 8 << 10;
constexpr size_t kBodyReadSize = 64 << 10;
// Requests behind the one under way that are read ahead.
constexpr size_t kMaxReadAhead = 64 << 10;
// For what is on its way while the server shuts down.
constexpr std::chrono::milliseconds kLastRequestTimeout{100};

std::string ConnectionBound(const HttpOptions& options) {
  return absl::StrCat("the server has ", Counted(options.max_connections, "connection"),
                      " already, which is its bound");
}

absl::Status CallerGone() { return absl::CancelledError("the caller has gone before its call was begun"); }

}  // namespace

HttpConnection::HttpConnection(std::shared_ptr<ConnectionHost> host, HttpSocket socket,
                               std::shared_ptr<HttpStream::TlsContext> tls, std::string peer)
    : host_(std::move(host)),
      options_(host_->options()),
      stream_(std::move(socket), std::move(tls)),
      peer_(std::move(peer)),
      timer_(host_->io()),
      body_rate_(options_.min_bytes_per_second, options_.progress_timeout),
      response_memory_(options_.response_memory),
      response_rate_(options_.min_bytes_per_second, options_.progress_timeout) {}

void HttpConnection::Start() {
  if (!stream_.is_tls()) return BecomeIdle();
  state_ = State::kHandshake;
  SetTimer(options_.header_timeout);
  stream_.Handshake([self = shared_from_this()](const error_code& error) {
    if (self->state_ != State::kHandshake) return;
    if (error) return self->Close();
    self->BecomeIdle();
  });
}

void HttpConnection::StartBeyondBound() {
  beyond_bound_ = true;
  Start();
  // Its place is wanted by others.
  if (state_ == State::kIdle) SetTimer(options_.header_timeout);
}

absl::optional<HttpConnection::Clock::time_point> HttpConnection::IdleSince() {
  if (state_ != State::kIdle || beyond_bound_) return absl::nullopt;
  error_code error;
  if (stream_.socket().available(error) > 0 && !error) return absl::nullopt;
  return idle_since_;
}

absl::optional<HttpConnection::Clock::time_point> HttpConnection::BeyondBoundSince() const {
  const bool waits = state_ == State::kHandshake || state_ == State::kIdle || state_ == State::kHeader;
  if (!beyond_bound_ || !waits) return absl::nullopt;
  return idle_since_;
}

void HttpConnection::Finish() {
  if (state_ == State::kHandshake) return Close();
  if (state_ != State::kIdle) return;
  error_code error;
  // A request that was sent before the client could know is answered.
  if (stream_.socket().available(error) > 0 && !error) {
    BeginExchange();
    SetTimer(kLastRequestTimeout);
    return Read();
  }
  if (!stream_.is_tls()) return Close();
  Linger();
}

void HttpConnection::Close() {
  if (state_ == State::kClosed) return;
  const auto self = shared_from_this();
  if (state_ == State::kBody) TellRefused(CallerGone());
  state_ = State::kClosed;
  timer_.cancel();
  stream_.Close();
  WithdrawCall(CallerGone());
  EndExchange();
  // The body itself goes as soon as the write that is under way has ended.
  response_memory_.Release();
  host_->Closed(this);
}

void HttpConnection::BecomeIdle() {
  state_ = State::kIdle;
  idle_since_ = Clock::now();
  parser_.reset();
  if (input_.empty()) {
    EndExchange();
    if (ended_) return Close();
    if (host_->stopping()) return Finish();
  }
  SetTimer(options_.idle_timeout);
  Parse();
  if (state_ == State::kIdle) EndExchange();
}

void HttpConnection::Read() {
  if (reading_ || ended_) return;
  reading_ = true;
  const size_t size = state_ == State::kBody ? kBodyReadSize : kReadSize;
  if (read_area_.size() != size) read_area_ = std::string(size, '\0');
  stream_.ReadSome(asio::buffer(&read_area_[0], size),
                   [self = shared_from_this()](const error_code& error, size_t n) { self->OnRead(error, n); });
}

void HttpConnection::OnRead(const error_code& error, size_t size) {
  reading_ = false;
  if (state_ == State::kClosed) return;
  if (error) return OnEnd(error == asio::error::eof);
  switch (state_) {
    case State::kLingering:
      return Read();
    case State::kCall:
    case State::kResponse:
    case State::kContinue:
      input_.append(read_area_, 0, size);
      if (state_ == State::kCall && input_.size() < kMaxReadAhead) Read();
      return;
    default:
      input_.append(read_area_, 0, size);
      return Parse();
  }
}

void HttpConnection::OnEnd(bool is_orderly) {
  ended_ = true;
  keep_alive_ = false;
  const bool answers = state_ == State::kCall || state_ == State::kResponse;
  // A client may end its side and still read.
  if (!is_orderly || !answers) return Close();
  // Whoever ends its side right behind the request waits for the answer.
  if (state_ == State::kCall && Clock::now() > request_ended_ + options_.half_close_window) WithdrawCall(CallerGone());
}

void HttpConnection::Parse() {
  size_t used = 0;
  while (ParseSome(&used)) {
  }
  input_.erase(0, used);
  if (state_ == State::kBody && (complete_ || !takes_body_)) return BeginCall();
  const bool wants_input = state_ == State::kIdle || state_ == State::kHeader || state_ == State::kBody;
  if (!wants_input) return;
  if (ended_) return Close();
  Read();
}

bool HttpConnection::ParseSome(size_t* used) {
  if (state_ == State::kIdle) {
    // Some clients end a body with a line break that it does not have.
    while (absl::StartsWith(absl::string_view(input_).substr(*used), "\r\n")) *used += 2;
    if (*used == input_.size() || (input_[*used] == '\r' && *used + 1 == input_.size())) return false;
    state_ = State::kHeader;
    BeginExchange();
    SetTimer(options_.header_timeout);
    version_ = 11;
    is_folded_ = false;
    last_of_header_ = 0;
    keep_alive_ = true;
    is_head_ = false;
    endpoint_.reset();
    takes_body_ = true;
    is_probe_ = false;
    complete_ = false;
    memory_ = RequestMemory::Share(options_.memory);
    parser_.emplace();
    parser_->header_limit(options_.max_header_bytes);
    parser_->body_limit(static_cast<uint64_t>(options_.max_body_bytes));
  }
  if (state_ != State::kHeader && state_ != State::kBody) return false;
  if (*used == input_.size() && !parser_->is_done()) return false;

  error_code error;
  if (!parser_->is_done()) {
    const size_t put = parser_->put(asio::buffer(input_.data() + *used, input_.size() - *used), error);
    if (state_ == State::kHeader) NoteFolding(absl::string_view(input_).substr(*used, put));
    *used += put;
    body_rate_.Moved(put, Clock::now());
  }
  if (error == http::error::need_more) {
    // Of a header, or of what is between the chunks of a body.
    if (input_.size() - *used > options_.max_header_bytes) OnParseError(http::error::header_limit);
    return false;
  }
  if (error) {
    OnParseError(error);
    return false;
  }
  if (state_ == State::kBody) {
    const absl::Status room = TakeRoom();
    if (!room.ok()) {
      Reject(room);
      return false;
    }
    SetExpiry(body_rate_.due());
  }
  if (state_ == State::kHeader && parser_->is_header_done()) OnHeader();
  if (state_ == State::kBody && parser_->is_done()) complete_ = true;
  return state_ == State::kBody && takes_body_ && !complete_;
}

absl::Status HttpConnection::TakeRoom() {
  const size_t bytes = parser_->get().body().size();
  absl::Status room = memory_.Resize(bytes);
  while (!room.ok() && host_->MakeRoom(*this, bytes)) room = memory_.Resize(bytes);
  return room;
}

void HttpConnection::GiveWay() {
  const auto rate = static_cast<int64_t>(BodyRate(Clock::now()));
  Reject(absl::ResourceExhaustedError(
      absl::StrCat("the server is overloaded: --max_request_memory_bytes is used up, and of the larger bodies that are "
                   "still being read this one comes the slowest, at ",
                   Counted(rate, "byte"), " a second")));
}

void HttpConnection::OnParseError(const error_code& error) {
  if (error == http::error::header_limit) {
    return Reject(431,
                  absl::StrCat("the request's header is larger than ", Counted(options_.max_header_bytes, "byte")));
  }
  if (error == http::error::body_limit) {
    return Reject(413, absl::StrCat("the request's body is larger than ", Counted(options_.max_body_bytes, "byte")));
  }
  if (error == boost::system::errc::not_enough_memory) return Reject(503, "no memory for the request's body");
  Reject(400, absl::StrCat("the request is not valid HTTP: ", error.message()));
}

void HttpConnection::NoteFolding(absl::string_view parsed) {
  for (const char c : parsed) {
    // Beast takes it for one space, others for a field of its own.
    is_folded_ = is_folded_ || (last_of_header_ == '\n' && (c == ' ' || c == '\t'));
    last_of_header_ = c;
  }
}

void HttpConnection::OnHeader() {
  const HttpRequest& request = parser_->get();
  version_ = static_cast<int>(request.version());
  header_fields_.clear();
  if (parser_->chunked()) {
    for (const auto& field : request) header_fields_.insert(&field);
  }
  keep_alive_ = parser_->keep_alive();
  is_head_ = request.method() == http::verb::head;
  if (is_folded_) return Reject(400, "the request is not valid HTTP: a header field goes on in the next line");
  const HeadFault fault = FindFault(request);
  if (fault.http_status != 0) return Reject(fault.http_status, fault.message);
  if (beyond_bound_) keep_alive_ = false;
  const RequestHead head(request, peer_);
  endpoint_ = host_->router().Match(head);
  const absl::Status admitted = host_->router().Admit(*endpoint_, head);
  if (!admitted.ok()) return Refuse(admitted);
  if (beyond_bound_ && !parser_->is_done()) return Reject(503, ConnectionBound(options_));
  body_rate_.Begin(Clock::now());
  SetExpiry(body_rate_.due());
  takes_body_ = parser_->is_done() || endpoint_->takes_body;
  // Where the next request begins is not known then.
  if (!takes_body_) keep_alive_ = false;
  const bool expects_continue = !request[http::field::expect].empty();
  if (takes_body_ && expects_continue && version_ >= 11 && !parser_->is_done()) {
    state_ = State::kContinue;
    head_ = "HTTP/1.1 100 Continue\r\n\r\n";
    return Write();
  }
  state_ = State::kBody;
}

void HttpConnection::DropTrailers() {
  if (!parser_->chunked()) return;
  HttpRequest& request = parser_->get();
  for (auto field = request.begin(); field != request.end();) {
    const auto next = std::next(field);
    if (header_fields_.count(&*field) == 0) request.erase(field);
    field = next;
  }
}

void HttpConnection::BeginCall() {
  DropTrailers();
  state_ = State::kCall;
  StopTimer();
  request_ended_ = Clock::now();
  auto deadline = std::chrono::steady_clock::time_point::max();
  if (options_.request_timeout.count() > 0) {
    deadline = std::chrono::steady_clock::now() + options_.request_timeout;
    SetTimer(options_.request_timeout);
  }
  const Plane plane = endpoint_->plane;
  is_probe_ = plane == Plane::kProbe || plane == Plane::kInstant;
  const auto call = std::make_shared<ServerCall>(
      parser_->release(), std::move(endpoint_), std::move(memory_), peer_, deadline,
      [weak = weak_from_this(), host = host_, number = ++call_number_](HttpResponse response) {
        asio::post(host->io(), [weak, number, response = std::move(response)]() mutable {
          const auto self = weak.lock();
          if (self && self->Awaits(number)) return self->Respond(std::move(response));
          if (response.sending) response.sending(absl::OkStatus());
        });
        host->CallEnded();
      });
  // Not before: what there is no memory to make does not end.
  host_->CallBegan();
  parser_.reset();
  call_ = call;
  absl::Status status;
  if (plane == Plane::kData) {
    status = beyond_bound_ ? absl::UnavailableError(ConnectionBound(options_)) : CheckResponseRoom();
  }
  if (status.ok()) status = host_->Submit(call);
  if (!status.ok()) {
    call->TellRefused(status);
    call->Reply(ErrorResponse(status));
  }
  if (input_.size() < kMaxReadAhead) Read();
}

void HttpConnection::WithdrawCall(const absl::Status& reason) {
  if (const auto call = call_.lock()) host_->Withdraw(call, reason);
}

void HttpConnection::SetExpiry(Clock::time_point expiry) {
  expiry_ = expiry;
  if (expiry_ < armed_) AwaitTimer();
}

void HttpConnection::AwaitTimer() {
  armed_ = expiry_;
  timer_.expires_at(armed_);
  timer_.async_wait([self = shared_from_this()](const error_code& error) {
    if (error || self->state_ == State::kClosed) return;
    self->armed_ = Clock::time_point::max();
    if (self->expiry_ == Clock::time_point::max()) return;
    if (Clock::now() < self->expiry_) return self->AwaitTimer();
    self->StopTimer();
    self->OnTimeout();
  });
}

void HttpConnection::OnTimeout() {
  switch (state_) {
    case State::kHeader:
      return Reject(408,
                    absl::StrCat("the request's header did not come within ", options_.header_timeout.count(), " ms"));
    case State::kBody:
      // Pieces of a chunk's head are counted, but move no timer.
      if (Clock::now() < body_rate_.due()) return SetExpiry(body_rate_.due());
      if (!body_rate_.stands()) {
        return Reject(408, absl::StrCat("the request's body came more slowly than ",
                                        Counted(options_.min_bytes_per_second, "byte"), " a second"));
      }
      return Reject(408,
                    absl::StrCat("nothing of the request's body came for ", options_.progress_timeout.count(), " ms"));
    case State::kCall: {
      const absl::Status late = absl::DeadlineExceededError(
          absl::StrCat("the request was not answered within ", options_.request_timeout.count(), " ms"));
      WithdrawCall(late);
      return Respond(ErrorResponse(late));
    }
    case State::kResponse:
      if (!AwaitTaking()) Close();
      return;
    case State::kIdle:
      if (stream_.is_tls()) return Linger();
      return Close();
    default:
      return Close();
  }
}

}  // namespace trilho

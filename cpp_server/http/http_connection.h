// One connection of the HTTP front: one request after another.

#ifndef TRILHO_CPP_SERVER_HTTP_HTTP_CONNECTION_H_
#define TRILHO_CPP_SERVER_HTTP_HTTP_CONNECTION_H_

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <set>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/types/optional.h"
#include "boost/asio/basic_waitable_timer.hpp"
#include "boost/asio/io_context.hpp"
#include "boost/beast/core/error.hpp"
#include "cpp_server/admission/request_memory.h"
#include "cpp_server/http/http_call.h"
#include "cpp_server/http/http_endpoint.h"
#include "cpp_server/http/http_options.h"
#include "cpp_server/http/http_router.h"
#include "cpp_server/http/http_stream.h"
#include "cpp_server/http/minimum_rate.h"
#include "cpp_server/http/request_body.h"
#include "cpp_server/http/server_call.h"

namespace trilho {

class HttpConnection;

// What connections need of their server. On the thread of `io` unless it says
// otherwise.
class ConnectionHost {
 public:
  virtual ~ConnectionHost() = default;

  virtual const HttpOptions& options() const = 0;
  virtual boost::asio::io_context& io() = 0;
  // Whether connections are to be closed after what they do now.
  virtual bool stopping() const = 0;

  // Router that requests are matched by.
  virtual const HttpRouter& router() const = 0;
  // A body that is being read wants to hold `bytes`, for which the budget has no
  // room: ends the one that comes slowest of those that hold at least half as much as
  // they do on average. False if that is `asking` itself.
  virtual bool MakeRoom(const HttpConnection& asking, size_t bytes) = 0;
  // The budget of responses is used up: ends the one whose client has taken nothing
  // for longest, if that is long enough. False if there is none.
  virtual bool EndStalledReader() = 0;
  // See CallPlanes.
  virtual absl::Status Submit(const std::shared_ptr<ServerCall>& call) = 0;
  // Nobody waits for `call` any more, for this reason; answers it if no handler has seen it.
  virtual void Withdraw(const std::shared_ptr<ServerCall>& call, const absl::Status& reason) = 0;

  // Around every exchange: from a request's first byte to its response's last.
  virtual void ExchangeBegan() = 0;
  virtual void ExchangeEnded() = 0;
  // Around the life of every call, until it was answered by its handler. CallEnded on any thread.
  virtual void CallBegan() = 0;
  virtual void CallEnded() = 0;

  // The host lets go of `connection`.
  virtual void Closed(HttpConnection* connection) = 0;
};

// Everything happens on the thread of the host's context. A read is under way
// nearly always, also while a handler works: that is how a client's end is
// noticed. It is owned by its host until Closed, and by what it waits for.
class HttpConnection final : public std::enable_shared_from_this<HttpConnection> {
 public:
  using Clock = std::chrono::steady_clock;

  HttpConnection(std::shared_ptr<ConnectionHost> host, HttpSocket socket, std::shared_ptr<HttpStream::TlsContext> tls,
                 std::string peer);
  HttpConnection(const HttpConnection&) = delete;
  HttpConnection& operator=(const HttpConnection&) = delete;

  // Serves requests.
  void Start();
  // Serves one, beyond the bound of connections: see HttpOptions::max_connections.
  void StartBeyondBound();
  // Closes if it is idle, else after the response under way.
  void Finish();
  // Closes at once. What a handler still replies is dropped.
  void Close();

  // Since when it waits for its next request, of which nothing has come; absent if it does not.
  absl::optional<Clock::time_point> IdleSince();
  // Since when it waits for a request beyond the bound to come to its end; absent if it does not.
  absl::optional<Clock::time_point> BeyondBoundSince() const;
  // Returns the bytes of the budget that a body holds which has not come to its end.
  size_t UnfinishedBody() const { return state_ == State::kBody ? memory_.bytes() : 0; }
  // Returns the bytes per second at which that body comes.
  double BodyRate(Clock::time_point now) const { return body_rate_.RecentRate(now); }
  // Refuses the request whose body is being read, for others to have its room.
  void GiveWay();
  // Since when its client has taken nothing of a response that counts; absent if it takes some.
  absl::optional<Clock::time_point> StalledSince() const;

 private:
  enum class State {
    kNew,
    kHandshake,
    kIdle,       // between two requests
    kHeader,     // of a request is being read
    kContinue,   // "100 Continue" is being written
    kBody,       // of a request is being read
    kCall,       // a handler works
    kResponse,   // is being written
    kLingering,  // reads until the client closes, lest a reset overtake the response
    kClosed,
  };

  void BecomeIdle();
  void Read();
  void OnRead(const boost::beast::error_code& error, size_t size);
  // The client has closed, or the network has failed.
  void OnEnd(bool is_orderly);
  // Goes as far as the input does.
  void Parse();
  // One step. False if it needs more input, or the request is complete or has been refused.
  bool ParseSome(size_t* used);
  void OnParseError(const boost::beast::error_code& error);
  // Looks at bytes of a header that were parsed.
  void NoteFolding(absl::string_view parsed);
  void OnHeader();
  // What comes behind a chunked body Beast takes for header fields, but no proxy
  // that minds those has seen it.
  void DropTrailers();

  void BeginCall();
  // Whether the call of that number has not been answered, as it may be without waiting for its handler.
  bool Awaits(uint64_t call_number) const { return state_ == State::kCall && call_number_ == call_number; }
  // Answers a request that cannot be read to its end, and closes.
  void Reject(int status, absl::string_view message);
  void Reject(const absl::Status& status);
  // Answers a request of which only the header matters.
  void Refuse(const absl::Status& status);
  // Counts what has come of the body.
  absl::Status TakeRoom();

  // Tells the request's endpoint that it is refused, if its first line has come, and forgets it.
  void TellRefused(const absl::Status& status);
  // Nobody waits for the handler any more.
  void WithdrawCall(const absl::Status& reason);

  void Respond(HttpResponse response);
  // Counts the body that is to be written; an error if there is no room for it and it answers no probe.
  absl::Status HoldBody(size_t bytes);
  // RESOURCE_EXHAUSTED if there is no room for more responses.
  absl::Status CheckResponseRoom();
  void Write();
  // Looks whether the client's side has acknowledged more of what was sent.
  bool HasTakenMore();
  // Goes on with the timer of a response. False if it is taken too slowly.
  bool AwaitTaking();
  void OnWritten(const boost::beast::error_code& error, size_t size);
  void Linger();
  void BeginExchange();
  void EndExchange();

  // One timer for all: each state sets when it has lasted too long.
  void SetTimer(std::chrono::milliseconds timeout) { SetExpiry(Clock::now() + timeout); }
  void SetExpiry(Clock::time_point expiry);
  void StopTimer() { expiry_ = Clock::time_point::max(); }
  void AwaitTimer();
  void OnTimeout();

  using Timer =
      boost::asio::basic_waitable_timer<Clock, boost::asio::wait_traits<Clock>, boost::asio::io_context::executor_type>;

  const std::shared_ptr<ConnectionHost> host_;
  const HttpOptions& options_;
  HttpStream stream_;
  const std::string peer_;
  State state_ = State::kNew;
  bool beyond_bound_ = false;
  // When it was opened, or came to wait for a request again.
  Clock::time_point idle_since_ = Clock::now();

  Timer timer_;
  Clock::time_point expiry_ = Clock::time_point::max();
  // Until when timer_ runs now; no later than expiry_. Saves setting it anew for every state.
  Clock::time_point armed_ = Clock::time_point::max();

  bool reading_ = false;
  bool ended_ = false;
  std::string read_area_;
  // Read but not parsed.
  std::string input_;

  // The rate at which the body comes, framing included.
  MinimumRate body_rate_;
  // Endpoint of the request that is being read: found when its header has come, and the call's own once that begins.
  SharedEndpoint endpoint_;
  // False if nobody looks at what is still to come of the body.
  bool takes_body_ = true;
  // True for a probe, which asks how the server is.
  bool is_probe_ = false;
  Clock::time_point request_ended_;

  bool in_exchange_ = false;
  absl::optional<HttpRequestParser> parser_;
  // Of what it has of a body.
  RequestMemory::Share memory_;
  // Whether a field of the header goes on in the next line, and the last byte so far.
  bool is_folded_ = false;
  char last_of_header_ = 0;
  int version_ = 11;
  bool is_head_ = false;
  // Of a chunked request, where they stand, without what comes behind its body.
  std::set<const void*> header_fields_;
  bool keep_alive_ = true;
  // The last request was read to its end; true before the first.
  bool complete_ = true;
  // Not owned, so that a call that its handler lets go of is noticed.
  std::weak_ptr<ServerCall> call_;
  // Of the last call: a late reply may not answer the one after its own.
  uint64_t call_number_ = 0;

  std::string head_;
  std::string body_;
  // The budget that body_ takes, if it is one that counts.
  ResponseMemory::Share response_memory_;
  // Bytes of the response that the system has.
  size_t written_ = 0;
  // Bytes of all responses that the system has, and of those the ones that the client's side has.
  uint64_t sent_ = 0;
  uint64_t taken_ = 0;
  MinimumRate response_rate_;
  // When the client was last seen to have taken more.
  Clock::time_point taken_at_;
  absl::optional<Clock::time_point> stalled_since_;
};

}  // namespace trilho

#endif  // TRILHO_CPP_SERVER_HTTP_HTTP_CONNECTION_H_

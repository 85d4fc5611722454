#include "cpp_server/http/http_server.h"

#include <algorithm>
#include <atomic>
#include <new>
#include <string>
#include <thread>
#include <unordered_map>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "boost/asio/basic_socket_acceptor.hpp"
#include "boost/asio/executor_work_guard.hpp"
#include "boost/asio/post.hpp"
#include "cpp_server/core/mutex.h"
#include "cpp_server/core/thread.h"
#include "cpp_server/http/call_planes.h"
#include "cpp_server/http/http_connection.h"
#include "cpp_server/http/http_status.h"
#include "cpp_server/http/tls_context.h"
#include "cpp_server/logging/log.h"

namespace trilho {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;

// Connections beyond the bound, for probes and to be told of it.
constexpr size_t kMaxBeyondBound = 64;
// Until files may have been closed.
constexpr std::chrono::milliseconds kAcceptRetry{100};

std::string ToString(const tcp::endpoint& endpoint) {
  error_code ignored;
  const std::string address = endpoint.address().to_string(ignored);
  return endpoint.address().is_v6() ? absl::StrCat("[", address, "]:", endpoint.port())
                                    : absl::StrCat(address, ":", endpoint.port());
}

}  // namespace

// Shared with its connections and with calls that handlers hold.
class HttpServer::Impl final : public ConnectionHost, public std::enable_shared_from_this<Impl> {
 public:
  Impl(Options options, HttpRouter router)
      : options_(std::move(options)),
        router_(std::move(router)),
        // One thread runs it.
        io_(1),
        work_(io_.get_executor()),
        acceptor_(io_),
        accept_timer_(io_) {}

  absl::Status Start();
  absl::Status SetTls(const HttpTlsOptions& tls) EXCLUDES(mu_);
  bool Shutdown(std::chrono::milliseconds grace) EXCLUDES(mu_);
  // After Shutdown: waits for all handlers, ends all threads.
  void Join() EXCLUDES(mu_);

  int port() const { return port_; }
  size_t waiting_calls() const { return planes_->waiting_data_calls(); }

  const HttpOptions& options() const override { return options_; }
  asio::io_context& io() override { return io_; }
  bool stopping() const override { return stopping_; }
  const HttpRouter& router() const override { return router_; }
  bool MakeRoom(const HttpConnection& asking, size_t bytes) override;
  bool EndStalledReader() override;
  absl::Status Submit(const std::shared_ptr<ServerCall>& call) override { return planes_->Submit(call); }
  void Withdraw(const std::shared_ptr<ServerCall>& call, const absl::Status& reason) override;
  void ExchangeBegan() override { Count(&exchanges_, 1); }
  void ExchangeEnded() override { Count(&exchanges_, -1); }
  void CallBegan() override { Count(&calls_, 1); }
  void CallEnded() override { Count(&calls_, -1); }
  void Closed(HttpConnection* connection) override { connections_.erase(connection); }

 private:
  using Acceptor = asio::basic_socket_acceptor<tcp, asio::io_context::executor_type>;
  using Timer = asio::basic_waitable_timer<std::chrono::steady_clock, asio::wait_traits<std::chrono::steady_clock>,
                                           asio::io_context::executor_type>;
  using TimePoint = std::chrono::steady_clock::time_point;

  // Serves connections until there is nothing left to do. On the I/O thread.
  void Run();
  absl::Status Listen();
  void Accept();
  // Accepts again after a moment, whatever memory there is now.
  void AcceptLater();
  void OnAccept(HttpSocket socket) EXCLUDES(mu_);
  std::vector<std::shared_ptr<HttpConnection>> Connections() const;
  // Closes the connection for which `since` gives the earliest time. False if there is none.
  template <typename Since>
  bool CloseEarliest(Since since);

  void Count(int* counter, int change) EXCLUDES(mu_) {
    MutexLock lock(&mu_);
    *counter += change;
    if (*counter == 0) changed_.NotifyAll();
  }
  // Runs `work` on the I/O thread and waits for it.
  template <typename Work>
  void OnIoThread(Work work) EXCLUDES(mu_);

  const Options options_;
  const HttpRouter router_;
  asio::io_context io_;
  asio::executor_work_guard<asio::io_context::executor_type> work_;
  Acceptor acceptor_;
  Timer accept_timer_;
  int port_ = 0;
  std::atomic<bool> stopping_{false};
  // On the I/O thread.
  std::unordered_map<HttpConnection*, std::shared_ptr<HttpConnection>> connections_;

  std::unique_ptr<CallPlanes> planes_;
  std::thread io_thread_;

  Mutex mu_;
  CondVar changed_;
  std::shared_ptr<HttpStream::TlsContext> tls_ GUARDED_BY(mu_);
  int exchanges_ GUARDED_BY(mu_) = 0;
  int calls_ GUARDED_BY(mu_) = 0;
};

absl::Status HttpServer::Impl::Start() {
  if (options_.tls.has_value()) {
    auto tls = MakeTlsContext(*options_.tls);
    if (!tls.ok()) return tls.status();
    MutexLock lock(&mu_);
    tls_ = *std::move(tls);
  }
  absl::Status listening = Listen();
  if (!listening.ok()) return listening;
  planes_ = std::make_unique<CallPlanes>(
      options_.data_threads, static_cast<size_t>(options_.max_queued_data_calls),
      [max_body_bytes = static_cast<size_t>(options_.max_body_bytes)](const std::shared_ptr<ServerCall>& call) {
        ServerCall::Handle(call, max_body_bytes);
      });
  const absl::Status threads = planes_->status();
  if (!threads.ok()) return threads;
  auto io_thread = StartThread("http io", [this] { Run(); });
  if (!io_thread.ok()) return io_thread.status();
  io_thread_ = *std::move(io_thread);
  OnIoThread([this] { Accept(); });
  return absl::OkStatus();
}

void HttpServer::Impl::Run() {
  while (true) {
    try {
      error_code ignored;
      io_.run(ignored);
      return;
    } catch (const std::bad_alloc&) {
      // Its timer ends that connection; the others go on.
      Log(Severity::kError, "HTTP: no memory for what a connection has sent or is to be sent");
    }
  }
}

absl::Status HttpServer::Impl::Listen() {
  error_code error;
  const auto address = asio::ip::make_address(options_.address, error);
  if (error) {
    return absl::InvalidArgumentError(absl::StrCat("HTTP: the address ", options_.address, " is not an IP address"));
  }
  const tcp::endpoint endpoint(address, static_cast<uint16_t>(options_.port));
  acceptor_.open(endpoint.protocol(), error);
  // Lets a successor have the port at once; two servers cannot have it, as they could with SO_REUSEPORT.
  if (!error) acceptor_.set_option(tcp::acceptor::reuse_address(true), error);
  if (!error) acceptor_.bind(endpoint, error);
  if (!error) acceptor_.listen(asio::socket_base::max_listen_connections, error);
  if (error) {
    return absl::UnavailableError(absl::StrCat("HTTP: cannot listen on ", ToString(endpoint), ": ", error.message()));
  }
  const tcp::endpoint local = acceptor_.local_endpoint(error);
  if (error) return absl::InternalError(absl::StrCat("HTTP: ", error.message()));
  port_ = local.port();
  return absl::OkStatus();
}

absl::Status HttpServer::Impl::SetTls(const HttpTlsOptions& tls) {
  if (!options_.tls.has_value()) {
    return absl::FailedPreconditionError("HTTP: the server was started without TLS, which cannot be changed");
  }
  auto context = MakeTlsContext(tls);
  if (!context.ok()) return context.status();
  // The old one is let go without the lock.
  std::shared_ptr<HttpStream::TlsContext> changed = *std::move(context);
  MutexLock lock(&mu_);
  tls_.swap(changed);
  return absl::OkStatus();
}

void HttpServer::Impl::Accept() {
  const auto accepted = [self = shared_from_this()](const error_code& error, HttpSocket socket) {
    if (self->stopping_ || !self->acceptor_.is_open()) return;
    if (error) {
      // Probably out of files: the connection stays where it is until there is one again.
      self->CloseEarliest([](HttpConnection* connection) { return connection->IdleSince(); });
      return self->AcceptLater();
    }
    try {
      self->OnAccept(std::move(socket));
    } catch (const std::bad_alloc&) {
      Log(Severity::kError, "HTTP: no memory for a connection, which is closed");
    }
    self->Accept();
  };
  try {
    return acceptor_.async_accept(accepted);
  } catch (const std::bad_alloc&) {
    Log(Severity::kError, "HTTP: no memory to wait for connections");
  }
  AcceptLater();
}

void HttpServer::Impl::AcceptLater() {
  while (!stopping_) {
    try {
      accept_timer_.expires_after(kAcceptRetry);
      return accept_timer_.async_wait([self = shared_from_this()](const error_code& cancelled) {
        if (!cancelled && self->acceptor_.is_open()) self->Accept();
      });
    } catch (const std::bad_alloc&) {
      // Without a timer nobody would be accepted again; whoever is connected gets no memory either.
      std::this_thread::sleep_for(kAcceptRetry);
    }
  }
}

void HttpServer::Impl::OnAccept(HttpSocket socket) {
  const size_t bound = static_cast<size_t>(options_.max_connections);
  if (connections_.size() >= bound) {
    CloseEarliest([](HttpConnection* connection) { return connection->IdleSince(); });
  }
  if (connections_.size() >= bound + kMaxBeyondBound) {
    CloseEarliest([](HttpConnection* connection) { return connection->BeyondBoundSince(); });
    if (connections_.size() >= bound + kMaxBeyondBound) return;
  }
  error_code error;
  const tcp::endpoint peer = socket.remote_endpoint(error);
  if (error) return;
  socket.set_option(tcp::no_delay(true), error);
  std::shared_ptr<HttpStream::TlsContext> tls;
  {
    MutexLock lock(&mu_);
    tls = tls_;
  }
  auto connection =
      std::make_shared<HttpConnection>(shared_from_this(), std::move(socket), std::move(tls), ToString(peer));
  connections_.emplace(connection.get(), connection);
  if (connections_.size() <= bound) return connection->Start();
  connection->StartBeyondBound();
}

template <typename Since>
bool HttpServer::Impl::CloseEarliest(Since since) {
  absl::optional<HttpConnection::Clock::time_point> earliest;
  std::shared_ptr<HttpConnection> chosen;
  for (const auto& connection : connections_) {
    const auto time = since(connection.first);
    if (!time || (earliest && *time >= *earliest)) continue;
    earliest = time;
    chosen = connection.second;
  }
  if (chosen != nullptr) chosen->Close();
  return chosen != nullptr;
}

bool HttpServer::Impl::MakeRoom(const HttpConnection& asking, size_t bytes) {
  const auto held = [&](const HttpConnection& connection) {
    return &connection == &asking ? bytes : connection.UnfinishedBody();
  };
  size_t all = 0, bodies = 0;
  for (const auto& connection : connections_) {
    const size_t holds = held(*connection.first);
    all += holds;
    if (holds > 0) ++bodies;
  }
  // By rate alone a small body from afar would give way to large ones; by size alone a large one to many that trickle.
  const size_t least = std::max<size_t>(all / std::max<size_t>(bodies, 1) / 2, 1);
  const auto now = HttpConnection::Clock::now();
  std::shared_ptr<HttpConnection> slowest;
  double slowest_rate = 0;
  for (const auto& connection : connections_) {
    if (held(*connection.first) < least) continue;
    const double rate = connection.first->BodyRate(now);
    if (slowest != nullptr && rate >= slowest_rate) continue;
    slowest = connection.second;
    slowest_rate = rate;
  }
  if (slowest == nullptr || slowest.get() == &asking) return false;
  slowest->GiveWay();
  return true;
}

bool HttpServer::Impl::EndStalledReader() {
  return CloseEarliest([](HttpConnection* connection) { return connection->StalledSince(); });
}

void HttpServer::Impl::Withdraw(const std::shared_ptr<ServerCall>& call, const absl::Status& reason) {
  call->Cancel();
  if (planes_->Remove(call.get())) {
    call->TellRefused(reason);
    call->Reply(ErrorResponse(reason));
  }
}

std::vector<std::shared_ptr<HttpConnection>> HttpServer::Impl::Connections() const {
  std::vector<std::shared_ptr<HttpConnection>> connections;
  connections.reserve(connections_.size());
  for (const auto& connection : connections_) connections.push_back(connection.second);
  return connections;
}

template <typename Work>
void HttpServer::Impl::OnIoThread(Work work) {
  bool done = false;
  asio::post(io_, [&] {
    try {
      work();
    } catch (const std::bad_alloc&) {
      // Whoever waits for it would wait for ever.
      Log(Severity::kError, "HTTP: no memory to open or to close connections");
    }
    MutexLock lock(&mu_);
    done = true;
    changed_.NotifyAll();
  });
  MutexLock lock(&mu_);
  // NOLINTNEXTLINE(bugprone-infinite-loop): the I/O thread sets it
  while (!done) changed_.Wait(&mu_);
}

bool HttpServer::Impl::Shutdown(std::chrono::milliseconds grace) {
  const TimePoint deadline = std::chrono::steady_clock::now() + grace;
  stopping_ = true;
  OnIoThread([this] {
    error_code ignored;
    acceptor_.close(ignored);
    accept_timer_.cancel();
    for (const auto& connection : Connections()) connection->Finish();
  });
  {
    MutexLock lock(&mu_);
    bool in_time = true;
    while (in_time && (exchanges_ > 0 || calls_ > 0)) in_time = changed_.WaitUntil(&mu_, deadline);
    if (exchanges_ == 0 && calls_ == 0) return true;
  }
  OnIoThread([this] {
    for (const auto& connection : Connections()) connection->Close();
  });
  MutexLock lock(&mu_);
  return calls_ == 0;
}

void HttpServer::Impl::Join() {
  // From here on there are no new calls.
  OnIoThread([this] {
    for (const auto& connection : Connections()) connection->Close();
  });
  {
    MutexLock lock(&mu_);
    while (calls_ > 0) changed_.Wait(&mu_);
  }
  planes_.reset();
  work_.reset();
  io_thread_.join();
}

absl::StatusOr<std::unique_ptr<HttpServer>> HttpServer::Start(Options options, HttpRouter router) {
  absl::Status status = CheckHttpOptions(options);
  if (!status.ok()) return status;
  auto impl = std::make_shared<Impl>(std::move(options), std::move(router));
  status = impl->Start();
  if (!status.ok()) return status;
  return std::unique_ptr<HttpServer>(new HttpServer(std::move(impl)));
}

HttpServer::HttpServer(std::shared_ptr<Impl> impl) : impl_(std::move(impl)) {}

HttpServer::~HttpServer() {
  if (!impl_->stopping()) impl_->Shutdown(std::chrono::milliseconds(0));
  impl_->Join();
}

int HttpServer::port() const { return impl_->port(); }
absl::Status HttpServer::SetTls(const HttpTlsOptions& tls) { return impl_->SetTls(tls); }
bool HttpServer::Shutdown(std::chrono::milliseconds grace) { return impl_->Shutdown(grace); }
size_t HttpServer::waiting_calls() const { return impl_->waiting_calls(); }

}  // namespace trilho

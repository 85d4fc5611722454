// The bytes of one connection, plain or over TLS.

#ifndef TRILHO_CPP_SERVER_HTTP_HTTP_STREAM_H_
#define TRILHO_CPP_SERVER_HTTP_HTTP_STREAM_H_

#include <memory>
#include <utility>

#include "absl/types/optional.h"
#include "boost/asio/basic_stream_socket.hpp"
#include "boost/asio/buffer.hpp"
#include "boost/asio/io_context.hpp"
#include "boost/asio/ip/tcp.hpp"
#include "boost/asio/ssl/context.hpp"
#include "boost/asio/ssl/stream.hpp"

namespace trilho {

// Named executors, since the type-erased default allocates.
using HttpSocket = boost::asio::basic_stream_socket<boost::asio::ip::tcp, boost::asio::io_context::executor_type>;

// At most one read and one write at a time. Handlers run on the thread of the
// socket's context, with operation_aborted once the stream was closed.
class HttpStream {
 public:
  using TlsContext = boost::asio::ssl::context;

  // Plain if `tls` is null.
  HttpStream(HttpSocket socket, std::shared_ptr<TlsContext> tls)
      : tls_context_(std::move(tls)), socket_(std::move(socket)) {
    if (tls_context_ != nullptr) tls_.emplace(socket_, *tls_context_);
  }
  HttpStream(const HttpStream&) = delete;
  HttpStream& operator=(const HttpStream&) = delete;

  bool is_tls() const { return tls_.has_value(); }
  HttpSocket& socket() { return socket_; }

  // For TLS only.
  template <typename Handler>
  void Handshake(Handler handler) {
    tls_->async_handshake(boost::asio::ssl::stream_base::server, std::move(handler));
  }

  template <typename Handler>
  void ReadSome(boost::asio::mutable_buffer buffer, Handler handler) {
    if (is_tls()) {
      tls_->async_read_some(buffer, std::move(handler));
    } else {
      socket_.async_read_some(buffer, std::move(handler));
    }
  }

  template <typename Handler>
  void WriteSome(boost::asio::const_buffer buffer, Handler handler) {
    if (is_tls()) {
      tls_->async_write_some(buffer, std::move(handler));
    } else {
      socket_.async_write_some(buffer, std::move(handler));
    }
  }

  // For TLS only: tells the peer that nothing follows, and waits until it says so too.
  template <typename Handler>
  void SayGoodbye(Handler handler) {
    tls_->async_shutdown(std::move(handler));
  }

  // Plain only: the peer sees an end, and may still send.
  void EndSending() {
    boost::system::error_code ignored;
    socket_.shutdown(HttpSocket::shutdown_send, ignored);
  }

  void Close() {
    boost::system::error_code ignored;
    socket_.close(ignored);
  }

 private:
  const std::shared_ptr<TlsContext> tls_context_;
  HttpSocket socket_;
  absl::optional<boost::asio::ssl::stream<HttpSocket&>> tls_;
};

}  // namespace trilho

#endif  // TRILHO_CPP_SERVER_HTTP_HTTP_STREAM_H_

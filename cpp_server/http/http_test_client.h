// A client on a raw socket, for tests of what well-behaved clients do not do.

#ifndef TRILHO_CPP_SERVER_HTTP_HTTP_TEST_CLIENT_H_
#define TRILHO_CPP_SERVER_HTTP_HTTP_TEST_CLIENT_H_

#include <netinet/in.h>
#include <openssl/ssl.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <map>
#include <memory>
#include <string>

#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "gtest/gtest.h"

namespace trilho {

struct ReceivedResponse {
  // 0 if the connection ended before.
  int status = 0;
  std::string version;
  // Names in lower case.
  std::map<std::string, std::string> headers;
  std::string body;
};

// Blocks, but never for more than a minute at a time.
class HttpTestClient {
 public:
  explicit HttpTestClient(int port) : socket_(::socket(AF_INET, SOCK_STREAM, 0)) {
    timeval minute{};
    minute.tv_sec = 60;
    setsockopt(socket_, SOL_SOCKET, SO_RCVTIMEO, &minute, sizeof(minute));
    setsockopt(socket_, SOL_SOCKET, SO_SNDTIMEO, &minute, sizeof(minute));
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(static_cast<uint16_t>(port));
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    is_connected_ = connect(socket_, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) == 0;
  }
  ~HttpTestClient() { Close(); }
  HttpTestClient(const HttpTestClient&) = delete;
  HttpTestClient& operator=(const HttpTestClient&) = delete;

  bool is_connected() const { return is_connected_; }

  // Whether the handshake was done. `context` is a client's.
  bool StartTls(SSL_CTX* context) {
    tls_.reset(SSL_new(context));
    SSL_set_fd(tls_.get(), socket_);
    return SSL_connect(tls_.get()) == 1;
  }
  SSL* tls() { return tls_.get(); }

  // Whether all was taken.
  bool Send(const std::string& bytes) {
    size_t sent = 0;
    while (sent < bytes.size()) {
      const char* const begin = bytes.data() + sent;
      const size_t left = bytes.size() - sent;
      const ssize_t n =
          tls_ ? SSL_write(tls_.get(), begin, static_cast<int>(left)) : send(socket_, begin, left, MSG_NOSIGNAL);
      if (n <= 0) return false;
      sent += static_cast<size_t>(n);
    }
    return true;
  }

  // The next response, a "100 Continue" too. That to a HEAD has no body.
  ReceivedResponse Read(bool is_head = false) {
    ReceivedResponse response;
    size_t end = 0;
    while ((end = input_.find("\r\n\r\n")) == std::string::npos) {
      if (!Receive()) return response;
    }
    const std::string head = input_.substr(0, end);
    input_.erase(0, end + 4);
    for (const absl::string_view line : absl::StrSplit(head, "\r\n")) {
      if (response.version.empty()) {
        response.version = std::string(line.substr(0, line.find(' ')));
        response.status = std::atoi(std::string(line.substr(response.version.size())).c_str());
        continue;
      }
      const size_t colon = line.find(": ");
      response.headers[absl::AsciiStrToLower(line.substr(0, colon))] = std::string(line.substr(colon + 2));
    }
    size_t length = 0;
    const auto declared = response.headers.find("content-length");
    if (declared != response.headers.end() && !is_head) {
      EXPECT_TRUE(absl::SimpleAtoi(declared->second, &length));
    }
    while (input_.size() < length) {
      if (!Receive()) return {};
    }
    response.body = input_.substr(0, length);
    input_.erase(0, length);
    return response;
  }

  ReceivedResponse Ask(const std::string& request) {
    Send(request);
    return Read();
  }
  ReceivedResponse Get(const std::string& target) {
    return Ask(absl::StrCat("GET ", target, " HTTP/1.1\r\nHost: test\r\n\r\n"));
  }
  ReceivedResponse Post(const std::string& target, const std::string& body, const std::string& headers = "") {
    return Ask(absl::StrCat("POST ", target, " HTTP/1.1\r\nHost: test\r\n", headers, "Content-Length: ", body.size(),
                            "\r\n\r\n", body));
  }

  // Whether the server closes, and says nothing before.
  bool IsClosed() { return input_.empty() && !Receive() && input_.empty(); }

  void EndSending() { shutdown(socket_, SHUT_WR); }
  void Close() {
    tls_.reset();
    if (socket_ >= 0) close(socket_);
    socket_ = -1;
  }
  // With a reset instead of an end.
  void Reset() {
    const linger at_once{1, 0};
    setsockopt(socket_, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once));
    Close();
  }
  int socket() const { return socket_; }

 private:
  struct Free {
    void operator()(SSL* tls) const { SSL_free(tls); }
  };

  bool Receive() {
    char buffer[16384];
    const ssize_t n = tls_ ? SSL_read(tls_.get(), buffer, sizeof(buffer)) : recv(socket_, buffer, sizeof(buffer), 0);
    if (n < 0 && !tls_) {
      EXPECT_NE(errno, EAGAIN) << "the server does nothing";
    }
    if (n <= 0) return false;
    input_.append(buffer, static_cast<size_t>(n));
    return true;
  }

  int socket_;
  bool is_connected_ = false;
  std::unique_ptr<SSL, Free> tls_;
  std::string input_;
};

}  // namespace trilho

#endif  // TRILHO_CPP_SERVER_HTTP_HTTP_TEST_CLIENT_H_

// A client of gRPC that writes its own HTTP/2 frames, for tests of what a library's client does not do.

#ifndef TRILHO_CPP_SERVER_RPC_HTTP2_TEST_CLIENT_H_
#define TRILHO_CPP_SERVER_RPC_HTTP2_TEST_CLIENT_H_

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/types/optional.h"
#include "gtest/gtest.h"

namespace trilho {

struct Http2Frame {
  enum Type : uint8_t { kData = 0, kHeaders = 1, kReset = 3, kSettings = 4, kPing = 6, kGoAway = 7, kWindowUpdate = 8 };

  uint8_t type = 0;
  uint8_t flags = 0;
  uint32_t stream = 0;
  std::string payload;
};

// One connection. Every wait ends after a minute, which fails the test.
class Http2TestClient {
 public:
  using Headers = std::vector<std::pair<std::string, std::string>>;

  // `window` is what the server may send of each answer before it is given more.
  explicit Http2TestClient(int port, uint32_t window = 65535) : socket_(socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_in address = {};
    address.sin_family = AF_INET;
    address.sin_port = htons(static_cast<uint16_t>(port));
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    EXPECT_EQ(connect(socket_, reinterpret_cast<const sockaddr*>(&address), sizeof(address)), 0);
    const timeval patience{60, 0};
    setsockopt(socket_, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
    Write("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");
    constexpr char kInitialWindowSize[] = "\0\4";
    WriteFrame(
        {Http2Frame::kSettings, 0, 0, absl::StrCat(absl::string_view(kInitialWindowSize, 2), BigEndian(window, 4))});
  }
  ~Http2TestClient() { close(socket_); }
  Http2TestClient(const Http2TestClient&) = delete;
  Http2TestClient& operator=(const Http2TestClient&) = delete;

  // Begins a call, whose request may follow; returns its stream.
  uint32_t Begin(const std::string& path, const Headers& more = {}) {
    const uint32_t stream = next_stream_;
    next_stream_ += 2;
    std::string block;
    Headers headers = {{":method", "POST"}, {":scheme", "http"}, {":path", path},
                       {":authority", "x"}, {"te", "trailers"},  {"content-type", "application/grpc"}};
    headers.insert(headers.end(), more.begin(), more.end());
    for (const auto& [name, value] : headers) absl::StrAppend(&block, Literal(name, value));
    WriteFrame({Http2Frame::kHeaders, kEndHeaders, stream, block});
    return stream;
  }

  // Begins a call with the whole of its request; returns its stream.
  uint32_t Call(const std::string& path, absl::string_view message, const Headers& more = {}) {
    const uint32_t stream = Begin(path, more);
    const std::string prefix =
        absl::StrCat(absl::string_view("\0", 1), BigEndian(static_cast<uint32_t>(message.size()), 4));
    WriteFrame({Http2Frame::kData, kEndStream, stream, absl::StrCat(prefix, message)});
    return stream;
  }

  // Lets the server send so many bytes more of this stream; of the connection if it is 0.
  void OpenWindow(uint32_t stream, uint32_t bytes) {
    WriteFrame({Http2Frame::kWindowUpdate, 0, stream, BigEndian(bytes, 4)});
  }

  // Returns the next frame; none once the server has closed the connection. Acknowledges settings and pings.
  absl::optional<Http2Frame> Read() {
    const std::string head = ReadBytes(9);
    if (head.size() < 9) return absl::nullopt;
    const auto byte = [&head](size_t i) { return static_cast<uint32_t>(static_cast<uint8_t>(head[i])); };
    Http2Frame frame;
    frame.type = static_cast<uint8_t>(byte(3));
    frame.flags = static_cast<uint8_t>(byte(4));
    frame.stream = (byte(5) & 0x7f) << 24 | byte(6) << 16 | byte(7) << 8 | byte(8);
    frame.payload = ReadBytes(byte(0) << 16 | byte(1) << 8 | byte(2));
    if (frame.type == Http2Frame::kSettings && frame.flags == 0)
      WriteFrame({Http2Frame::kSettings, kAcknowledged, 0, ""});
    if (frame.type == Http2Frame::kPing && frame.flags == 0) {
      WriteFrame({Http2Frame::kPing, kAcknowledged, 0, frame.payload});
    }
    return frame;
  }

  // Reads up to the end of `stream`, by trailers or by a reset; what its DATA frames held, and its last frame. The last
  // frame's type is kGoAway, with no stream, if the connection was closed before.
  std::pair<std::string, Http2Frame> ReadToEnd(uint32_t stream) {
    std::string data;
    for (absl::optional<Http2Frame> frame = Read(); frame; frame = Read()) {
      if (frame->stream != stream) continue;
      if (frame->type == Http2Frame::kData) data += frame->payload;
      const bool ends = frame->type == Http2Frame::kReset || (frame->flags & kEndStream) != 0;
      if (ends && frame->type != Http2Frame::kWindowUpdate) return {data, *frame};
    }
    Http2Frame closed;
    closed.type = Http2Frame::kGoAway;
    return {data, closed};
  }

 private:
  static constexpr uint8_t kEndStream = 0x1, kAcknowledged = 0x1, kEndHeaders = 0x4;

  static std::string BigEndian(uint32_t number, int bytes) {
    std::string out;
    for (int shift = (bytes - 1) * 8; shift >= 0; shift -= 8) out += static_cast<char>(number >> shift & 0xff);
    return out;
  }
  // HPACK's simplest form: by name and value, kept in no table. Shorter than 127 bytes each.
  static std::string Literal(const std::string& name, const std::string& value) {
    return absl::StrCat(absl::string_view("\0", 1), BigEndian(static_cast<uint32_t>(name.size()), 1), name,
                        BigEndian(static_cast<uint32_t>(value.size()), 1), value);
  }
  void WriteFrame(const Http2Frame& frame) {
    Write(absl::StrCat(BigEndian(static_cast<uint32_t>(frame.payload.size()), 3), BigEndian(frame.type, 1),
                       BigEndian(frame.flags, 1), BigEndian(frame.stream, 4), frame.payload));
  }
  // A server that closes is seen when reading.
  void Write(const std::string& bytes) { static_cast<void>(send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL)); }
  std::string ReadBytes(size_t size) {
    std::string bytes(size, '\0');
    size_t read = 0;
    while (read < size) {
      const ssize_t more = recv(socket_, &bytes[read], size - read, 0);
      EXPECT_GE(more, 0) << "nothing came for a minute";
      if (more <= 0) break;
      read += static_cast<size_t>(more);
    }
    bytes.resize(read);
    return bytes;
  }

  const int socket_;
  uint32_t next_stream_ = 1;
};

}  // namespace trilho

#endif  // TRILHO_CPP_SERVER_RPC_HTTP2_TEST_CLIENT_H_

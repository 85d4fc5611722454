// healthcheck: asks the server on this machine whether it is ready; the image's health check, as the image has no
// shell.
//
// Usage: healthcheck [PORT [PATH]], by default 8501 and /readyz. Exit codes: 0 for an answer of status 200; 1, with the
// reason on standard output, for another one or none within four seconds; 2 for a wrong command line.

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>

namespace {

using Clock = std::chrono::steady_clock;

constexpr int kUnhealthy = 1;
constexpr int kUsage = 2;
constexpr uint64_t kMostPort = 65535;
// Less than what engines give a health check, so that it is this program that says what happened.
constexpr std::chrono::seconds kPatience{4};
// Engines keep the first 4096 bytes of what a health check prints.
constexpr size_t kMostAnswer = 4096;

int Unhealthy(const std::string& reason) {
  std::printf("%s\n", reason.c_str());
  return kUnhealthy;
}

std::string ErrorText(const char* doing) { return std::string(doing) + ": " + std::strerror(errno); }

// A socket that is closed at the end of its scope.
class Socket {
 public:
  Socket() : descriptor_(socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0)) {}
  ~Socket() {
    if (descriptor_ >= 0) close(descriptor_);
  }
  Socket(const Socket&) = delete;
  Socket& operator=(const Socket&) = delete;

  int get() const { return descriptor_; }

  // Waits until one of `events` is possible. Returns false, with errno set, if the deadline comes first.
  bool Wait(int16_t events, Clock::time_point deadline) const {
    for (;;) {
      const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - Clock::now());
      pollfd waiting = {descriptor_, events, 0};
      const int ready = left.count() <= 0 ? 0 : poll(&waiting, 1, static_cast<int>(left.count()));
      if (ready > 0) return true;
      if (ready == 0) errno = ETIMEDOUT;
      if (ready == 0 || errno != EINTR) return false;
    }
  }

 private:
  const int descriptor_;
};

// Connects to this machine's `port`. Returns what failed, or nothing.
std::string Connect(const Socket& socket, uint16_t port, Clock::time_point deadline) {
  if (socket.get() < 0) return ErrorText("socket");
  sockaddr_in address = {};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (connect(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof(address)) == 0) return "";
  if (errno != EINPROGRESS || !socket.Wait(POLLOUT, deadline)) return ErrorText("connect");
  int error = 0;
  socklen_t size = sizeof(error);
  getsockopt(socket.get(), SOL_SOCKET, SO_ERROR, &error, &size);
  errno = error;
  return error == 0 ? "" : ErrorText("connect");
}

// Sends all of `request`. Returns what failed, or nothing.
std::string Send(const Socket& socket, const std::string& request, Clock::time_point deadline) {
  for (size_t sent = 0; sent < request.size();) {
    const ssize_t now = send(socket.get(), request.data() + sent, request.size() - sent, MSG_NOSIGNAL);
    if (now >= 0) {
      sent += static_cast<size_t>(now);
    } else if (errno != EINTR && (errno != EAGAIN || !socket.Wait(POLLOUT, deadline))) {
      return ErrorText("send");
    }
  }
  return "";
}

// Appends what comes to `answer`, until the server closes or there is enough. Returns what failed, or nothing.
std::string Receive(const Socket& socket, Clock::time_point deadline, std::string* answer) {
  while (answer->size() < kMostAnswer) {
    char buffer[kMostAnswer];
    const ssize_t now = recv(socket.get(), buffer, sizeof(buffer), 0);
    if (now == 0) return "";
    if (now > 0) {
      answer->append(buffer, static_cast<size_t>(now));
    } else if (errno != EINTR && (errno != EAGAIN || !socket.Wait(POLLIN, deadline))) {
      return ErrorText("receive");
    }
  }
  return "";
}

// Asks for `path`, and tells by the exit code whether the answer was 200.
int Check(uint16_t port, const std::string& path) {
  const Clock::time_point deadline = Clock::now() + kPatience;
  const Socket socket;
  std::string answer;
  std::string problem = Connect(socket, port, deadline);
  if (problem.empty()) problem = Send(socket, "GET " + path + " HTTP/1.0\r\n\r\n", deadline);
  if (problem.empty()) problem = Receive(socket, deadline, &answer);
  // "HTTP/1.1 200 OK"
  const size_t status = answer.find(' ');
  if (answer.compare(0, 5, "HTTP/") == 0 && status != std::string::npos) {
    if (answer.compare(status, 5, " 200 ") == 0) return 0;
    // The body has the reasons, the first line what it is about.
    const size_t body = answer.find("\r\n\r\n");
    return Unhealthy(answer.substr(0, answer.find("\r\n")) +
                     (body == std::string::npos ? "" : "\n" + answer.substr(body + 4)));
  }
  const std::string where = "127.0.0.1:" + std::to_string(port);
  if (problem.empty()) problem = "the answer is not HTTP: is this REST's port, and without TLS?";
  return Unhealthy(where + ": " + problem);
}

}  // namespace

int main(int argc, char** argv) {
  char* end = nullptr;
  const uint64_t port = argc > 1 ? std::strtoul(argv[1], &end, 10) : 8501;
  const std::string path = argc > 2 ? argv[2] : "/readyz";
  const bool is_port = (end == nullptr || (*end == '\0' && end != argv[1])) && port > 0 && port <= kMostPort;
  if (argc > 3 || !is_port || path[0] != '/' || path.find_first_of(" \r\n") != std::string::npos) {
    std::fprintf(stderr, "usage: healthcheck [PORT [PATH]], by default 8501 /readyz\n");
    return kUsage;
  }
  return Check(static_cast<uint16_t>(port), path);
}

#include "cpp_server/rpc/grpc_server.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <chrono>
#include <future>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/types/optional.h"
#include "cpp_server/rpc/http2_test_client.h"
#include "cpp_server/rpc/test_client.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "trilho/mnist.grpc.pb.h"

namespace trilho {
namespace {

using mnist::ClassifyRequest;
using mnist::ClassifyResponse;
using mnist::MnistService;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr char kService[] = "trilho.mnist.MnistService";

ServiceDefinition Service(std::function<void(UnaryCall*)> classify) {
  return {kService, {{"Classify", Plane::kData, std::move(classify)}}};
}

// ClassifyRequest and ClassifyResponse look the same on the wire.
void Echo(UnaryCall* call) { call->Reply(std::string(call->request())); }

ClassifyRequest Request(float value) {
  ClassifyRequest request;
  request.add_image_data(value);
  return request;
}

std::unique_ptr<GrpcServer> Started(GrpcServer::Options options, std::vector<ServiceDefinition> services) {
  auto server = GrpcServer::Start(options, std::move(services));
  EXPECT_TRUE(server.ok()) << server.status();
  return server.ok() ? *std::move(server) : nullptr;
}

GrpcServer::Options AnyPort() {
  GrpcServer::Options options;
  options.port = 0;
  return options;
}

// A server of one method, and a client that is connected to it.
class GrpcServerTest : public ::testing::Test {
 protected:
  void Serve(std::function<void(UnaryCall*)> classify, int data_threads = 1) {
    GrpcServer::Options options = AnyPort();
    options.data_threads = data_threads;
    server_ = Started(options, {Service(std::move(classify))});
    ASSERT_NE(server_, nullptr);
    ASSERT_GT(server_->port(), 0);
    channel_ = LocalChannel(server_->port());
    stub_ = MnistService::NewStub(channel_);
  }

  grpc::Status Call(const ClassifyRequest& request, ClassifyResponse* response) {
    grpc::ClientContext context;
    return stub_->Classify(&context, request, response);
  }
  grpc::Status Call() {
    ClassifyResponse response;
    return Call(Request(1), &response);
  }

  std::unique_ptr<GrpcServer> server_;
  std::shared_ptr<grpc::Channel> channel_;
  std::unique_ptr<MnistService::Stub> stub_;
};

TEST_F(GrpcServerTest, RepliesWithWhatTheHandlerSays) {
  Serve(Echo);
  for (const float value : {1.0f, 2.0f, 3.0f}) {
    ClassifyResponse response;
    const grpc::Status status = Call(Request(value), &response);
    ASSERT_TRUE(status.ok()) << status.error_message();
    EXPECT_THAT(response.value(), ElementsAre(value));
  }
}

TEST_F(GrpcServerTest, CarriesEmptyAndLargeMessages) {
  Serve(Echo);
  ClassifyResponse response;
  ASSERT_TRUE(Call({}, &response).ok());
  EXPECT_EQ(response.value_size(), 0);

  ClassifyRequest large;
  // 12 MB: three times what gRPC takes by default.
  for (int i = 0; i < 3000000; ++i) large.add_image_data(static_cast<float>(i));
  grpc::ChannelArguments arguments;
  arguments.SetMaxReceiveMessageSize(-1);
  const auto channel = LocalChannel(server_->port(), arguments);
  grpc::ClientContext context;
  const grpc::Status status = MnistService::NewStub(channel)->Classify(&context, large, &response);
  ASSERT_TRUE(status.ok()) << status.error_message();
  EXPECT_EQ(response.value_size(), 3000000);
  EXPECT_EQ(response.value(2999999), 2999999.0f);
}

TEST_F(GrpcServerTest, AnUnknownMethodOrServiceIsUnimplementedAndTheAnswerNamesThoseThereAre) {
  GrpcServer::Options options = AnyPort();
  options.service_hint = "acme.conf has others";
  server_ = Started(options, {Service(Echo)});
  channel_ = LocalChannel(server_->port());
  const grpc::Status method = RawCall(channel_, "/trilho.mnist.MnistService/Guess", "").first;
  EXPECT_EQ(method.error_code(), grpc::StatusCode::UNIMPLEMENTED);
  EXPECT_EQ(method.error_message(),
            "the service trilho.mnist.MnistService has no method \"Guess\"; its methods are: Classify");
  const grpc::Status service = RawCall(channel_, "/acme.Fraud/Score", "").first;
  EXPECT_EQ(service.error_code(), grpc::StatusCode::UNIMPLEMENTED);
  EXPECT_EQ(
      service.error_message(),
      "the server has no service \"acme.Fraud\"; its services are: trilho.mnist.MnistService; acme.conf has others");
  const grpc::Status longer = RawCall(channel_, "/" + std::string(4000, 'x'), std::string(100000, 'y')).first;
  EXPECT_EQ(longer.error_code(), grpc::StatusCode::UNIMPLEMENTED);
  EXPECT_LT(longer.error_message().size(), 400u);
}

TEST_F(GrpcServerTest, APortInUseIsAnError) {
  Serve(Echo);
  GrpcServer::Options options;
  options.port = server_->port();
  const auto second = GrpcServer::Start(options, {Service(Echo)});
  EXPECT_EQ(second.status(),
            absl::UnavailableError(absl::StrCat("cannot listen on port ", server_->port(),
                                                ": it is in use by another process or not permitted")));
  EXPECT_TRUE(Call().ok()) << "the first one goes on";
}

TEST_F(GrpcServerTest, ASocketThatCannotBeMadeIsAnError) {
  GrpcServer::Options options = AnyPort();
  options.socket_path = "/no/such/folder/socket";
  const auto server = GrpcServer::Start(options, {Service(Echo)});
  EXPECT_EQ(server.status(), absl::InvalidArgumentError("--grpc_socket_path: there is no folder /no/such/folder"));
}

TEST_F(GrpcServerTest, AlsoListensOnASocket) {
  GrpcServer::Options options = AnyPort();
  // Not below TempDir(), whose name may be longer than a socket's can be.
  options.socket_path = absl::StrCat("/tmp/trilho-grpc-server-test-", ::getpid());
  const auto server = Started(options, {Service(Echo)});
  ASSERT_NE(server, nullptr);
  for (const auto& channel : {Connected("unix:" + options.socket_path), LocalChannel(server->port())}) {
    grpc::ClientContext context;
    ClassifyResponse response;
    EXPECT_TRUE(MnistService::NewStub(channel)->Classify(&context, Request(1), &response).ok());
  }
  ::unlink(options.socket_path.c_str());
}

TEST_F(GrpcServerTest, ASocketInUseIsAnErrorAndOneThatWasLeftBehindIsTaken) {
  GrpcServer::Options options = AnyPort();
  options.socket_path = absl::StrCat("/tmp/trilho-grpc-server-test-", ::getpid());
  sockaddr_un address = {};
  address.sun_family = AF_UNIX;
  options.socket_path.copy(address.sun_path, sizeof(address.sun_path) - 1);
  const int left = socket(AF_UNIX, SOCK_STREAM, 0);
  ASSERT_EQ(bind(left, reinterpret_cast<const sockaddr*>(&address), sizeof(address)), 0) << errno;
  ASSERT_EQ(listen(left, 1), 0);
  const absl::Status in_use = absl::UnavailableError(absl::StrCat(
      "cannot listen on socket ", options.socket_path, ": it is in use by another process or not permitted"));
  EXPECT_EQ(GrpcServer::Start(options, {Service(Echo)}).status(), in_use);
  close(left);

  const auto first = Started(options, {Service(Echo)});
  ASSERT_NE(first, nullptr);
  EXPECT_EQ(GrpcServer::Start(options, {Service(Echo)}).status(), in_use);
  grpc::ClientContext context;
  ClassifyResponse response;
  const auto stub = MnistService::NewStub(Connected("unix:" + options.socket_path));
  EXPECT_TRUE(stub->Classify(&context, Request(1), &response).ok()) << "the first one goes on";
  ::unlink(options.socket_path.c_str());
}

TEST_F(GrpcServerTest, PassesTheCallersDeadlineOn) {
  std::chrono::steady_clock::time_point seen;
  Serve([&seen](UnaryCall* call) {
    seen = call->deadline();
    call->Reply("");
  });
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::hours(2);
  grpc::ClientContext context;
  context.set_deadline(std::chrono::system_clock::now() + std::chrono::hours(2));
  ClassifyResponse response;
  ASSERT_TRUE(stub_->Classify(&context, Request(1), &response).ok());
  // The wire carries what is left of it.
  EXPECT_GT(seen, deadline - std::chrono::minutes(30));
  EXPECT_LT(seen, deadline + std::chrono::minutes(30));

  ASSERT_TRUE(Call().ok());
  EXPECT_EQ(seen, std::chrono::steady_clock::time_point::max()) << "no deadline";
}

// As the clients of Go and those written by hand may say.
TEST_F(GrpcServerTest, ADeadlineBeyondTheYear2262IsFarAndNotPast) {
  std::chrono::steady_clock::time_point seen;
  Serve([&seen](UnaryCall* call) {
    seen = call->deadline();
    call->Reply("answered");
  });
  Http2TestClient client(server_->port());
  for (const char* timeout : {"2600000H", "99999999H"}) {
    seen = {};
    const uint32_t stream = client.Call(absl::StrCat("/", kService, "/Classify"), "", {{"grpc-timeout", timeout}});
    EXPECT_THAT(client.ReadToEnd(stream).first, HasSubstr("answered")) << timeout;
    EXPECT_EQ(seen, std::chrono::steady_clock::time_point::max()) << timeout;
  }
}

TEST_F(GrpcServerTest, ACallMayBeAnsweredLaterFromAnotherThread) {
  std::promise<UnaryCall*> handed_over;
  Serve([&handed_over](UnaryCall* call) {
    if (call->request().empty()) return call->Reply("");
    handed_over.set_value(call);
  });
  ClassifyResponse response;
  grpc::Status status;
  std::thread caller([&] { status = Call(Request(7), &response); });
  UnaryCall* call = handed_over.get_future().get();
  // The only data thread is free again.
  ClassifyResponse other;
  EXPECT_TRUE(Call({}, &other).ok());
  call->Reply(std::string(call->request()));
  caller.join();
  ASSERT_TRUE(status.ok()) << status.error_message();
  EXPECT_THAT(response.value(), ElementsAre(7));
}

TEST_F(GrpcServerTest, AnswersManyCallsAtOnceOnOneThread) {
  std::atomic<int> running{0}, most{0};
  Serve([&](UnaryCall* call) {
    most = std::max<int>(most, ++running);
    // Before the answer, with which the test may end.
    --running;
    Echo(call);
  });
  // More than gRPC was asked for in advance.
  constexpr int kCalls = 600;
  struct Pending {
    grpc::ClientContext context;
    ClassifyResponse response;
    grpc::Status status;
    std::unique_ptr<grpc::ClientAsyncResponseReader<ClassifyResponse>> reader;
  };
  grpc::CompletionQueue queue;
  std::vector<Pending> calls(kCalls);
  for (int i = 0; i < kCalls; ++i) {
    Pending& call = calls[static_cast<size_t>(i)];
    call.reader = stub_->AsyncClassify(&call.context, Request(static_cast<float>(i)), &queue);
    call.reader->Finish(&call.response, &call.status, &call);
  }
  for (int i = 0; i < kCalls; ++i) {
    void* tag = nullptr;
    bool ok = false;
    ASSERT_TRUE(queue.Next(&tag, &ok));
  }
  for (int i = 0; i < kCalls; ++i) {
    const Pending& call = calls[static_cast<size_t>(i)];
    ASSERT_TRUE(call.status.ok()) << i << ": " << call.status.error_message();
    EXPECT_THAT(call.response.value(), ElementsAre(static_cast<float>(i)));
  }
  EXPECT_EQ(most, 1);
}

TEST_F(GrpcServerTest, AnswersReflection) {
  Serve(Echo);
  // ServerReflectionRequest{list_services: ""}
  const auto [status, response] =
      RawCall(channel_, "/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo", std::string("\x3a\x00", 2));
  ASSERT_TRUE(status.ok()) << status.error_message();
  EXPECT_THAT(response, HasSubstr(kService));
  EXPECT_THAT(response, HasSubstr("grpc.health.v1.Health"));
}

// A connection of bytes, which waits for a minute at most.
class Wire {
 public:
  explicit Wire(int port) : fd_(socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(static_cast<uint16_t>(port));
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    EXPECT_EQ(connect(fd_, reinterpret_cast<const sockaddr*>(&address), sizeof(address)), 0);
    const timeval patience{30, 0};
    EXPECT_EQ(setsockopt(fd_, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience)), 0);
  }
  ~Wire() { close(fd_); }
  Wire(const Wire&) = delete;
  Wire& operator=(const Wire&) = delete;

  void Send(absl::string_view bytes) const {
    EXPECT_EQ(send(fd_, bytes.data(), bytes.size(), 0), static_cast<ssize_t>(bytes.size()));
  }
  // Fewer if the other side closes; absent if it is silent for too long.
  absl::optional<std::string> Read(size_t size) const {
    std::string bytes(size, '\0');
    size_t read = 0;
    while (read < size) {
      const ssize_t got = recv(fd_, &bytes[read], size - read, 0);
      if (got < 0 && errno != ECONNRESET) return absl::nullopt;
      if (got <= 0) break;
      read += static_cast<size_t>(got);
    }
    bytes.resize(read);
    return bytes;
  }

 private:
  const int fd_;
};

// The types of HTTP/2's frames up to one of `type`, or to the end of the connection.
std::vector<int> FramesUntil(const Wire& wire, int type) {
  constexpr size_t kHeader = 9;
  std::vector<int> types;
  for (;;) {
    const auto header = wire.Read(kHeader);
    if (!header || header->size() < kHeader) return types;
    const auto byte = [&header](size_t i) { return static_cast<size_t>(static_cast<unsigned char>((*header)[i])); };
    types.push_back(static_cast<int>(byte(3)));
    if (types.back() == type) return types;
    if (!wire.Read(byte(0) << 16 | byte(1) << 8 | byte(2))) return types;
  }
}

TEST(GrpcServerBounds, WhoDoesNotShakeHandsIsCutOff) {
  GrpcServer::Options options = AnyPort();
  options.handshake_timeout = std::chrono::milliseconds(100);
  const auto server = Started(options, {Service(Echo)});
  ASSERT_NE(server, nullptr);
  const Wire silent(server->port());
  // It may begin to speak by itself.
  constexpr size_t kMore = 1 << 20;
  const auto spoken = silent.Read(kMore);
  EXPECT_TRUE(spoken && spoken->size() < kMore) << "still open";
}

TEST(GrpcServerBounds, IdleConnectionsAreToldToGoAndAnArgumentSaysWhen) {
  constexpr int kGoAway = 7;
  constexpr char kHello[] = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\4\0\0\0\0";
  GrpcServer::Options idle = AnyPort();
  idle.max_connection_idle = std::chrono::milliseconds(100);
  GrpcServer::Options argued = AnyPort();
  argued.channel_arguments = {{"grpc.max_connection_idle_ms", "100"}};
  for (const GrpcServer::Options& options : {idle, argued}) {
    const auto server = Started(options, {Service(Echo)});
    ASSERT_NE(server, nullptr);
    const Wire wire(server->port());
    // With its last zero: a frame of settings without any.
    wire.Send({kHello, sizeof(kHello)});
    EXPECT_THAT(FramesUntil(wire, kGoAway), ::testing::Contains(kGoAway));
  }
}

}  // namespace
}  // namespace trilho

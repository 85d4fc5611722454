// A gRPC client on raw bytes, for tests of what has no generated stub.

#ifndef TRILHO_CPP_SERVER_RPC_TEST_CLIENT_H_
#define TRILHO_CPP_SERVER_RPC_TEST_CLIENT_H_

#include <chrono>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "grpcpp/generic/generic_stub.h"
#include "grpcpp/grpcpp.h"
#include "gtest/gtest.h"

namespace trilho {

// A channel that shares its connection with no other.
inline std::shared_ptr<grpc::Channel> Connected(const std::string& address, grpc::ChannelArguments arguments = {}) {
  arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
  auto channel = grpc::CreateCustomChannel(address, grpc::InsecureChannelCredentials(), arguments);
  EXPECT_TRUE(channel->WaitForConnected(std::chrono::system_clock::now() + std::chrono::minutes(1))) << address;
  return channel;
}
inline std::shared_ptr<grpc::Channel> LocalChannel(int port, grpc::ChannelArguments arguments = {}) {
  return Connected(absl::StrCat("127.0.0.1:", port), std::move(arguments));
}

// One call with one request, whose responses are read one after another. Nobody waits for it after `deadline`.
class StreamingCall {
 public:
  StreamingCall(const std::shared_ptr<grpc::Channel>& channel, const std::string& method, const std::string& request,
                std::chrono::system_clock::time_point deadline = std::chrono::system_clock::time_point::max())
      : stub_(channel) {
    context_.set_deadline(deadline);
    call_ = stub_.PrepareCall(&context_, method, &queue_);
    call_->StartCall(this);
    Await();
    const grpc::Slice slice(request);
    call_->WriteLast(grpc::ByteBuffer(&slice, 1), grpc::WriteOptions(), this);
    Await();
  }
  ~StreamingCall() {
    queue_.Shutdown();
    void* tag = nullptr;
    bool ok = false;
    while (queue_.Next(&tag, &ok)) {
    }
  }
  StreamingCall(const StreamingCall&) = delete;
  StreamingCall& operator=(const StreamingCall&) = delete;

  // The next response; empty if there is none.
  std::string Read() {
    grpc::ByteBuffer buffer;
    call_->Read(&buffer, this);
    if (!Await()) return "";
    std::vector<grpc::Slice> slices;
    EXPECT_TRUE(buffer.Dump(&slices).ok());
    std::string bytes;
    for (const grpc::Slice& slice : slices) bytes.append(reinterpret_cast<const char*>(slice.begin()), slice.size());
    return bytes;
  }

  grpc::Status Finish() {
    grpc::Status status;
    call_->Finish(&status, this);
    Await();
    return status;
  }

  // Ends it from the client's side.
  void Cancel() {
    context_.TryCancel();
    Finish();
  }

 private:
  bool Await() {
    void* tag = nullptr;
    bool ok = false;
    return queue_.Next(&tag, &ok) && ok;
  }

  grpc::ClientContext context_;
  grpc::CompletionQueue queue_;
  grpc::GenericStub stub_;
  std::unique_ptr<grpc::GenericClientAsyncReaderWriter> call_;
};

// A unary call, or the first response of another.
inline std::pair<grpc::Status, std::string> RawCall(const std::shared_ptr<grpc::Channel>& channel,
                                                    const std::string& method, const std::string& request) {
  StreamingCall call(channel, method, request);
  std::string response = call.Read();
  return {call.Finish(), std::move(response)};
}

}  // namespace trilho

#endif  // TRILHO_CPP_SERVER_RPC_TEST_CLIENT_H_

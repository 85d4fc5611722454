#include "cpp_server/rpc/raw_service.h"

#include <algorithm>
#include <memory>
#include <utility>

#include "absl/strings/str_cat.h"
#include "grpcpp/impl/rpc_service_method.h"
#include "grpcpp/server_context.h"
#include "grpcpp/support/async_unary_call.h"
#include "grpcpp/support/byte_buffer.h"

#ifdef TRILHO_THREAD_SANITIZER
#include <sanitizer/tsan_interface.h>
#endif

namespace trilho {
namespace {

// Calls of a method that may wait for a thread. gRPC keeps back what comes beyond
// them, and drops that when the server shuts down. One takes about 1 KiB.
constexpr int kRequestedDataCalls = 2048;
constexpr int kRequestedControlCalls = 8;

// Longer ones do not fit into HTTP/2's trailers everywhere; TF Serving cuts at
// the same length.
constexpr size_t kMaxMessage = 1024;
constexpr char kTruncated[] = "...TRUNCATED";

grpc::Status ToGrpc(const absl::Status& status) {
  std::string message(status.message());
  if (message.size() > kMaxMessage) {
    message.resize(kMaxMessage - sizeof(kTruncated) + 1);
    message += kTruncated;
  }
  return {static_cast<grpc::StatusCode>(status.code()), message};
}

grpc::ByteBuffer ToBuffer(std::string bytes) {
  // The buffer takes the string over: no copy of a large response.
  auto owned = std::make_unique<std::string>(std::move(bytes));
  char* const data = owned->empty() ? nullptr : &(*owned)[0];
  const size_t size = owned->size();
  const grpc::Slice slice(
      data, size, [](void* string) { delete static_cast<std::string*>(string); }, owned.release());
  return grpc::ByteBuffer(&slice, 1);
}

}  // namespace

// gRPC's queue orders the two threads, but is not built with ThreadSanitizer,
// which therefore has to be told.
void* QueueEvent::ToTag() {
#ifdef TRILHO_THREAD_SANITIZER
  __tsan_release(this);
#endif
  return this;
}

QueueEvent* QueueEvent::FromTag(void* tag) {
#ifdef TRILHO_THREAD_SANITIZER
  __tsan_acquire(tag);
#endif
  return static_cast<QueueEvent*>(tag);
}

// Owns itself: lives from being asked for until gRPC has sent the answer, or
// the server shuts down before a call came.
class RawService::Call final : public UnaryCall, public QueueEvent {
 public:
  static void Request(RawService* service, int method, grpc::ServerCompletionQueue* queue) {
    // Freed by OnEvent.
    auto* call = std::make_unique<Call>(service, method, queue).release();
    service->RequestAsyncUnary(method, &call->context_, &call->buffer_, &call->writer_, queue, queue, call->ToTag());
  }

  Call(RawService* service, int method, grpc::ServerCompletionQueue* queue)
      : service_(service), method_(method), queue_(queue), writer_(&context_) {
    service_->live_calls_->fetch_add(1);
  }
  ~Call() override { service_->live_calls_->fetch_sub(1); }

  void OnEvent(bool ok) override {
    std::unique_ptr<Call> self(this);
    // Answered, or the server shut down before a call came.
    if (answered_ || !ok) return;
    Request(service_, method_, queue_);
    static_cast<void>(self.release());
    if (!Flatten()) return Fail(absl::InternalError("the request's bytes cannot be read"));
    service_->definition_.methods[static_cast<size_t>(method_)].handler(this);
  }

  absl::string_view request() const override { return {reinterpret_cast<const char*>(slice_.begin()), slice_.size()}; }
  std::chrono::system_clock::time_point deadline() const override { return context_.deadline(); }
  void Reply(std::string response) override {
    answered_ = true;
    writer_.Finish(ToBuffer(std::move(response)), grpc::Status::OK, ToTag());
  }
  void Fail(const absl::Status& status) override {
    answered_ = true;
    writer_.FinishWithError(ToGrpc(status), ToTag());
  }

 private:
  // Most requests come as one slice, which is then only referred to.
  bool Flatten() {
    if (buffer_.Length() == 0) return true;
    return buffer_.TrySingleSlice(&slice_).ok() || buffer_.DumpToSingleSlice(&slice_).ok();
  }

  RawService* const service_;
  const int method_;
  grpc::ServerCompletionQueue* const queue_;
  grpc::ServerContext context_;
  grpc::ByteBuffer buffer_;
  grpc::Slice slice_;
  grpc::ServerAsyncResponseWriter<grpc::ByteBuffer> writer_;
  bool answered_ = false;
};

RawService::RawService(ServiceDefinition definition, std::atomic<int>* live_calls)
    : definition_(std::move(definition)), live_calls_(live_calls) {
  paths_.reserve(definition_.methods.size());
  for (const UnaryMethod& method : definition_.methods) {
    paths_.push_back(absl::StrCat("/", definition_.name, "/", method.name));
    const int index = static_cast<int>(paths_.size()) - 1;
    AddMethod(std::make_unique<grpc::internal::RpcServiceMethod>(paths_.back().c_str(),
                                                                 grpc::internal::RpcMethod::NORMAL_RPC, nullptr)
                  .release());
    MarkMethodRaw(index);
  }
}

void RawService::RequestCalls(Plane plane, grpc::ServerCompletionQueue* queue) {
  const int calls = plane == Plane::kData ? kRequestedDataCalls : kRequestedControlCalls;
  for (size_t i = 0; i < definition_.methods.size(); ++i) {
    if (definition_.methods[i].plane != plane) continue;
    for (int n = 0; n < calls; ++n) Call::Request(this, static_cast<int>(i), queue);
  }
}

void RawService::Poll(grpc::ServerCompletionQueue* queue) {
  void* tag = nullptr;
  bool ok = false;
  while (queue->Next(&tag, &ok)) QueueEvent::FromTag(tag)->OnEvent(ok);
}

}  // namespace trilho

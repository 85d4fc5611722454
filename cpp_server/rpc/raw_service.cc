#include "cpp_server/rpc/raw_service.h"

#include <algorithm>
#include <chrono>
#include <memory>
#include <new>
#include <utility>

#include "absl/strings/str_cat.h"
#include "cpp_server/admission/no_memory.h"
#include "cpp_server/advice/words.h"
#include "cpp_server/rpc/deadline.h"
#include "cpp_server/rpc/peer_name.h"
#include "cpp_server/utf8/utf8.h"
#include "grpcpp/alarm.h"
#include "grpcpp/impl/rpc_service_method.h"
#include "grpcpp/server_context.h"
#include "grpcpp/support/async_unary_call.h"
#include "grpcpp/support/byte_buffer.h"

#ifdef TRILHO_THREAD_SANITIZER
#include <sanitizer/tsan_interface.h>
#endif

namespace trilho {
namespace {

// Calls of a method that gRPC may hand over before a thread looks; it keeps back
// what comes beyond them, and drops that when the server shuts down. One takes
// about 1 KiB.
constexpr int kRequestedDataCalls = 512;
constexpr int kRequestedControlCalls = 8;

// The code says that another server may be asked instead: the call was not begun.
constexpr char kStopping[] = "the server is stopping; the call was not begun";

// Longer messages do not fit into HTTP/2's trailers everywhere; the protocol says that they are UTF-8.
grpc::Status ToGrpc(const absl::Status& status) {
  const auto code = static_cast<grpc::StatusCode>(status.code());
  try {
    return {code, ErrorText(status.message())};
  } catch (const std::bad_alloc&) {
    return {code, ""};
  }
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

// Owns itself: lives from being asked for until gRPC has sent the answer and
// is done with the call, or the server shuts down before a call came.
class RawService::Call final : public UnaryCall, public QueuedCall, public QueueEvent {
 public:
  static void Request(RawService* service, int method, grpc::ServerCompletionQueue* queue, CallQueue* calls) {
    // Freed by Release.
    auto* call = std::make_unique<Call>(service, method, queue, calls).release();
    call->context_.AsyncNotifyWhenDone(call->end_.ToTag());
    service->RequestAsyncUnary(method, &call->context_, &call->buffer_, &call->writer_, queue, queue, call->ToTag());
  }

  Call(RawService* service, int method, grpc::ServerCompletionQueue* queue, CallQueue* calls)
      : service_(service),
        method_(method),
        queue_(queue),
        calls_(calls),
        memory_(service->memory_),
        end_(this),
        writer_(&context_) {
    service_->counts_->requested.fetch_add(1);
  }
  ~Call() override {
    if (admitted_) service_->counts_->admitted.fetch_sub(1);
    if (came_) service_->counts_->open.fetch_sub(1);
    service_->counts_->requested.fetch_sub(1);
  }

  void OnEvent(bool ok) override {
    if (answered_) {
      service_->watch_->Remove(&watched_);
      return Release();
    }
    if (came_) return calls_->AddAgain(this);
    if (!ok) {
      // The server shut down before a call came; gRPC will not speak of its end.
      std::unique_ptr<Call> self(this);
      return;
    }
    came_ = true;
    arrived_ = std::chrono::steady_clock::now();
    deadline_ = SteadyDeadline(context_.raw_deadline());
    service_->counts_->open.fetch_add(1);
    Request(service_, method_, queue_, calls_);
    const absl::Status admitted = Admit();
    if (!admitted.ok()) return Refuse(admitted);
    // Those who may not call take no place in the queue.
    const absl::Status authorized = Authorize();
    if (!authorized.ok()) return Refuse(authorized);
    absl::Status room = memory_.Resize(buffer_.Length());
    if (room.ok() && !Method().is_open) room = service_->watch_->CheckRoom();
    if (!room.ok()) return Refuse(room);
    calls_->Add(this);
  }

  const UnaryMethod& Method() const { return service_->definition_.methods[static_cast<size_t>(method_)]; }

  absl::Status Admit() {
    if (Method().is_open) return absl::OkStatus();
    service_->counts_->last_came = arrived_.time_since_epoch().count();
    // In this order: whoever begins to leave and sees nothing admitted knows that nothing will be.
    admitted_ = true;
    service_->counts_->admitted.fetch_add(1);
    if (!service_->counts_->leaving) return absl::OkStatus();
    service_->counts_->admitted.fetch_sub(1);
    admitted_ = false;
    return absl::UnavailableError(kStopping);
  }

  absl::Status Authorize() const {
    return service_->authorize_ && !Method().is_open ? service_->authorize_(*this) : absl::OkStatus();
  }

  void Handle() override {
    // Those who left while they waited cost nothing.
    if (*cancelled_) return Refuse(absl::CancelledError("the caller has gone before its call was begun"));
    if (std::chrono::steady_clock::now() >= deadline_) {
      return Refuse(absl::DeadlineExceededError("the deadline passed before the call was begun"));
    }
    if (!Flatten()) return Refuse(absl::InternalError("the request's bytes cannot be read"));
    Method().handler(this);
  }
  void Reject(size_t bound) override {
    Refuse(absl::ResourceExhaustedError(
        absl::StrCat("the server is overloaded: ", Counted(bound, "call waits", "calls wait"),
                     " already (--max_queued_requests=", bound, ")")));
  }
  void GiveUp() override { Refuse(absl::UnavailableError(kStopping)); }

  absl::string_view request() const override { return {reinterpret_cast<const char*>(slice_.begin()), slice_.size()}; }
  std::chrono::steady_clock::time_point arrived() const override { return arrived_; }
  std::chrono::steady_clock::time_point deadline() const override { return deadline_; }
  std::shared_ptr<const std::atomic<bool>> cancelled() const override { return cancelled_; }
  absl::string_view metadata(absl::string_view key) const override {
    const auto& all = context_.client_metadata();
    const auto found = all.find(grpc::string_ref(key.data(), key.size()));
    return found == all.end() ? absl::string_view() : absl::string_view(found->second.data(), found->second.size());
  }
  std::string peer() const override { return PeerName(context_.peer()); }
  void HandleAgain() override {
    // Alarm::Set may outlast the call, which a thread of the queue handles at once.
    const auto alarm = std::make_shared<grpc::Alarm>();
    again_ = alarm;
    alarm->Set(queue_, gpr_now(GPR_CLOCK_MONOTONIC), ToTag());
  }
  absl::Status MakeRoom(size_t bytes) override {
    absl::Status room = service_->watch_->AddAnswer(&watched_, bytes);
    has_room_ = room.ok();
    return room;
  }
  void Reply(std::string response) override {
    DropRequest();
    absl::Status room = has_room_ ? absl::OkStatus() : MakeRoom(response.size());
    grpc::ByteBuffer bytes;
    room.Update(OrNoMemory([&]() -> absl::Status {
      bytes = ToBuffer(std::move(response));
      return absl::OkStatus();
    }));
    if (!room.ok()) return Fail(room);
    answered_ = true;
    writer_.Finish(bytes, grpc::Status::OK, ToTag());
  }
  void Fail(const absl::Status& status) override {
    DropRequest();
    answered_ = true;
    writer_.FinishWithError(ToGrpc(status), ToTag());
  }

 private:
  // An answer that no handler has a part in.
  void Refuse(const absl::Status& status) {
    const auto tell = [&]() -> absl::Status {
      if (Method().refused) Method().refused(*this, status);
      return absl::OkStatus();
    };
    // Answered all the same if there is no memory to tell of it.
    OrNoMemory(tell).IgnoreError();
    Fail(status);
  }

  // Before the answer: whoever reads that finds room for the next request.
  void DropRequest() {
    slice_ = grpc::Slice();
    buffer_.Clear();
    memory_.Release();
  }

  // gRPC is done with the call, whether or not it was answered.
  class End final : public QueueEvent {
   public:
    explicit End(Call* call) : call_(call) {}
    void OnEvent(bool /*ok*/) override {
      if (call_->context_.IsCancelled()) *call_->cancelled_ = true;
      call_->Release();
    }

   private:
    Call* const call_;
  };

  // Of two: the answer was sent, the call is over. They come in any order.
  void Release() {
    if (events_left_.fetch_sub(1) == 1) std::unique_ptr<Call> self(this);
  }

  // Most requests come as one slice, which is then only referred to.
  bool Flatten() {
    if (buffer_.Length() == 0) return true;
    return buffer_.TrySingleSlice(&slice_).ok() || buffer_.DumpToSingleSlice(&slice_).ok();
  }

  RawService* const service_;
  const int method_;
  grpc::ServerCompletionQueue* const queue_;
  CallQueue* const calls_;
  RequestMemory::Share memory_;
  End end_;
  std::atomic<int> events_left_{2};
  const std::shared_ptr<std::atomic<bool>> cancelled_ = std::make_shared<std::atomic<bool>>(false);
  grpc::ServerContext context_;
  CallWatch::Entry watched_{&context_, Method().is_open};
  grpc::ByteBuffer buffer_;
  grpc::Slice slice_;
  grpc::ServerAsyncResponseWriter<grpc::ByteBuffer> writer_;
  // Brings the call back through the queue.
  std::shared_ptr<grpc::Alarm> again_;
  bool came_ = false;
  bool admitted_ = false;
  std::chrono::steady_clock::time_point arrived_;
  std::chrono::steady_clock::time_point deadline_ = std::chrono::steady_clock::time_point::max();
  bool has_room_ = false;
  bool answered_ = false;
};

RawService::RawService(ServiceDefinition definition, Authorizer authorize, std::shared_ptr<RequestMemory> memory,
                       CallWatch* watch, CallCounts* counts)
    : definition_(std::move(definition)),
      authorize_(std::move(authorize)),
      memory_(std::move(memory)),
      watch_(watch),
      counts_(counts) {
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

void RawService::RequestCalls(bool is_data, grpc::ServerCompletionQueue* queue, CallQueue* calls) {
  const int requested = is_data ? kRequestedDataCalls : kRequestedControlCalls;
  for (size_t i = 0; i < definition_.methods.size(); ++i) {
    if ((definition_.methods[i].plane == Plane::kData) != is_data) continue;
    for (int n = 0; n < requested; ++n) Call::Request(this, static_cast<int>(i), queue, calls);
  }
}

void RawService::Poll(grpc::ServerCompletionQueue* queue) {
  void* tag = nullptr;
  bool ok = false;
  while (queue->Next(&tag, &ok)) QueueEvent::FromTag(tag)->OnEvent(ok);
}

}  // namespace trilho

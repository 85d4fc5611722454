// A gRPC service made at run time, its methods on raw bytes.

#ifndef TRILHO_CPP_SERVER_RPC_RAW_SERVICE_H_
#define TRILHO_CPP_SERVER_RPC_RAW_SERVICE_H_

#include <atomic>
#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "cpp_server/admission/request_memory.h"
#include "cpp_server/rpc/call_queue.h"
#include "cpp_server/rpc/call_watch.h"
#include "cpp_server/rpc/unary_call.h"
#include "grpcpp/completion_queue.h"
#include "grpcpp/impl/service_type.h"

namespace trilho {

// What comes out of a completion queue.
class QueueEvent {
 public:
  virtual ~QueueEvent() = default;

  // `ok` is false if what was asked for will not happen.
  virtual void OnEvent(bool ok) = 0;

  // To and from the tag that goes through the queue. What was written before
  // ToTag is seen after FromTag, on whatever thread.
  void* ToTag();
  static QueueEvent* FromTag(void* tag);
};

// Calls of all services of a server.
struct CallCounts {
  // Calls requested from gRPC and not yet released, whether or not a client has started one.
  std::atomic<int> requested{0};
  // Calls that have come and are not over.
  std::atomic<int> open{0};
  // Those of them that wait for a thread or run.
  std::atomic<int> admitted{0};
  // Ticks of the monotonic clock at which the last call came, probes of health aside; 0 if none has.
  std::atomic<std::chrono::steady_clock::rep> last_came{0};
  // Calls that come are answered UNAVAILABLE, as the server is about to close; probes of health aside.
  std::atomic<bool> leaving{false};
};

// What protoc would generate as WithRawMethod_..., for any list of methods:
// gRPC hands a call over together with its request in one event, which its
// AsyncGenericService does not.
class RawService final : public grpc::Service {
 public:
  // `authorize` is asked before a handler, unless it is empty. `memory`, which
  // may be null, bounds the requests, `watch` the answers. `watch` and `counts` outlive the service.
  RawService(ServiceDefinition definition, Authorizer authorize, std::shared_ptr<RequestMemory> memory,
             CallWatch* watch, CallCounts* counts);

  const std::string& name() const { return definition_.name; }

  // Asks gRPC for the first calls of every method of the data plane, or of every other one; each call that arrives asks
  // for its successor and goes to `calls`. To be called after the server has started, before `queue` is polled.
  void RequestCalls(bool is_data, grpc::ServerCompletionQueue* queue, CallQueue* calls);

  // Handles the QueueEvents of `queue` until it is shut down and empty. Any
  // number of threads.
  static void Poll(grpc::ServerCompletionQueue* queue);

 private:
  class Call;

  const ServiceDefinition definition_;
  const Authorizer authorize_;
  const std::shared_ptr<RequestMemory> memory_;
  CallWatch* const watch_;
  CallCounts* const counts_;
  // "/package.Service/Method"; gRPC keeps pointers into them.
  std::vector<std::string> paths_;
};

}  // namespace trilho

#endif  // TRILHO_CPP_SERVER_RPC_RAW_SERVICE_H_

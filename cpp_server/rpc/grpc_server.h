// The gRPC front: ports, threads, and the way from bytes to a method.

#ifndef TRILHO_CPP_SERVER_RPC_GRPC_SERVER_H_
#define TRILHO_CPP_SERVER_RPC_GRPC_SERVER_H_

#include <chrono>
#include <future>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "cpp_server/admission/request_memory.h"
#include "cpp_server/rpc/call_queue.h"
#include "cpp_server/rpc/call_watch.h"
#include "cpp_server/rpc/unary_call.h"
#include "grpcpp/grpcpp.h"

namespace trilho {

class RawService;
class UnknownMethods;
struct CallCounts;

// Serves methods on raw bytes, with one completion queue and a set of threads
// for each plane; a method runs on the thread that took its call from the
// queue. Beside them it serves grpc.health.v1 and server reflection.
class GrpcServer {
 public:
  struct Options {
    std::string address = "0.0.0.0";
    // 0 chooses a free one.
    int port = 8500;
    // Also listens on this UNIX socket if not empty.
    std::string socket_path;
    // Calls that run models at once.
    int data_threads = 1;
    // Calls that may wait for them; what comes beyond is answered
    // RESOURCE_EXHAUSTED at once.
    int max_waiting_calls = 2048;
    // For requests, from when they have come to the answer; RESOURCE_EXHAUSTED
    // beyond. What gRPC reads of one that has not come to its end is not counted:
    // its ResourceQuota cancels calls that wait and run where this refuses a new
    // one. No bound if null.
    std::shared_ptr<RequestMemory> memory;
    // Bounds answers, from when they are made until their callers have read them; see CallWatch.
    CallWatch::Options watch;
    // Of a connection without a call; it is then told to go.
    std::chrono::milliseconds max_connection_idle = std::chrono::minutes(10);
    // From a connection to the end of its handshakes, TLS's and HTTP/2's; it is then closed.
    std::chrono::milliseconds handshake_timeout = std::chrono::seconds(10);
    // After so long without a sign of life a client is asked for one, and closed if it gives none, calls or not.
    std::chrono::milliseconds keepalive_time = std::chrono::minutes(5);
    // Plain text if null.
    std::shared_ptr<grpc::ServerCredentials> credentials;
    // Asked before every call but those of health and reflection; may be empty.
    Authorizer authorize;
    // Told to whoever asks for a service that is not there; may be empty.
    std::string service_hint;
    // Of the listening channels, e.g. grpc.max_concurrent_streams; a value that is a number is given as one. They take
    // the place of what the options above set.
    std::vector<std::pair<std::string, std::string>> channel_arguments;
  };

  // Listens and answers at once. UNAVAILABLE if the port or the path cannot be
  // had, e.g. since another process has it.
  static absl::StatusOr<std::unique_ptr<GrpcServer>> Start(const Options& options,
                                                           std::vector<ServiceDefinition> services);
  // Shuts down at once if Shutdown was not called; waits for handlers that still
  // run.
  ~GrpcServer();
  GrpcServer(const GrpcServer&) = delete;
  GrpcServer& operator=(const GrpcServer&) = delete;

  int port() const { return port_; }

  // Sets what grpc.health.v1 answers for the server (""). Not serving at first.
  void SetServing(bool serving);

  // Sets what it answers for each service, under its full name and its bare one,
  // as TF Serving has it: whether calls are to be sent here. Not serving at first.
  void SetServicesServing(bool serving);

  // What it answers for `model`, which it does not know before; nothing if that
  // is the name of a service.
  void SetModelServing(const std::string& model, bool serving);

  // True if callers have left: since `since`, when health began to say NOT_SERVING, no call but a probe of health has
  // come for a moment, or none has come for long before. Whoever waits for that before Shutdown loses no call of a
  // client that looks at health.
  bool IsQuiet(std::chrono::steady_clock::time_point since) const;

  // Says NOT_SERVING, takes no new calls, lets those under way or waiting finish
  // and cancels what is left after `grace`; those that still wait then are answered UNAVAILABLE. Streams of health and
  // reflection, which never end by themselves, are cancelled as soon as no other call is
  // left. Called once, from any thread but a
  // handler's. False if handlers still run then: they cannot be interrupted, and
  // the destructor will wait for them.
  //
  // gRPC answers calls CANCELLED that come between its GOAWAY and the moment at which the client has read it. New calls
  // are therefore refused first as UNAVAILABLE, also where callers seem to have left: one may have stood still. If the
  // calls under way end within a moment, the connections are closed at once, so that no call is left in between.
  bool Shutdown(std::chrono::milliseconds grace);

  // Calls of the data plane that wait for a thread.
  size_t waiting_calls() const { return data_calls_->waiting(); }

 private:
  GrpcServer();

  // See Shutdown.
  void TurnAwayCallers(std::chrono::steady_clock::time_point deadline);
  // Whether all calls that arrived are answered, at the latest at `deadline`.
  bool WaitForCalls(std::chrono::steady_clock::time_point deadline) const;

  // Outlives the calls, which are gone when the threads are.
  std::unique_ptr<CallWatch> watch_;
  std::unique_ptr<CallCounts> counts_;
  std::unique_ptr<CallQueue> data_calls_;
  std::unique_ptr<CallQueue> control_calls_;
  std::vector<std::unique_ptr<RawService>> services_;
  std::unique_ptr<UnknownMethods> unknown_methods_;
  std::unique_ptr<grpc::ServerCompletionQueue> data_queue_;
  std::unique_ptr<grpc::ServerCompletionQueue> control_queue_;
  std::unique_ptr<grpc::Server> server_;
  // Whether the server stands; false if it never will.
  std::promise<bool> stands_;
  std::vector<std::thread> threads_;
  int port_ = 0;
  bool shut_down_ = false;
};

}  // namespace trilho

#endif  // TRILHO_CPP_SERVER_RPC_GRPC_SERVER_H_

// Calls that callers keep open, and the end of those that stay too long.

#ifndef TRILHO_CPP_SERVER_RPC_CALL_WATCH_H_
#define TRILHO_CPP_SERVER_RPC_CALL_WATCH_H_

#include <chrono>
#include <cstddef>
#include <list>
#include <memory>
#include <thread>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/optional.h"
#include "cpp_server/admission/response_memory.h"
#include "cpp_server/core/mutex.h"
#include "grpcpp/server_context.h"

namespace trilho {

// Bounds the answers that callers do not read: HTTP/2 lets them hold an answer back, with its memory, for as long as
// they like. An answer counts in a budget until gRPC is done with it, and its call is ended if that takes too long.
// Also ends streams that last too long.
//
// Thread-safe.
class CallWatch {
 public:
  struct Options {
    // Budget of answers; without one only time bounds them.
    std::shared_ptr<ResponseMemory> memory;
    // Time for the first bytes of an answer, and rate at which the rest must be read.
    std::chrono::milliseconds patience = std::chrono::seconds(30);
    size_t least_bytes_per_second = 1024;
    // An answer that nobody has read for so long makes room for others when the budget is used up.
    std::chrono::milliseconds stalled = std::chrono::seconds(1);
    // Longest time of a stream.
    std::chrono::milliseconds longest_stream = std::chrono::minutes(1);
  };

  // A call that is watched. Lives in its call, which must be taken out before it ends.
  class Entry {
   public:
    // `may_exceed` is for probes, whose answers are small and must not fail for those of others.
    explicit Entry(grpc::ServerContextBase* context, bool may_exceed = false)
        : context_(context), may_exceed_(may_exceed) {}
    Entry(const Entry&) = delete;
    Entry& operator=(const Entry&) = delete;

   private:
    friend class CallWatch;
    grpc::ServerContextBase* const context_;
    const bool may_exceed_;
    std::chrono::steady_clock::time_point since_;
    std::chrono::steady_clock::time_point deadline_;
    ResponseMemory::Share share_;
    bool is_answer_ = false;
    bool is_ended_ = false;
    // Where it stands in its list.
    absl::optional<std::list<Entry*>::iterator> place_;
  };

  explicit CallWatch(Options options);
  // Nothing may be watched any more.
  ~CallWatch();
  CallWatch(const CallWatch&) = delete;
  CallWatch& operator=(const CallWatch&) = delete;

  // RESOURCE_EXHAUSTED if there is no thread to look.
  absl::Status status() const { return thread_.status(); }

  // RESOURCE_EXHAUSTED if the budget is used up, by answers that were made just now.
  absl::Status CheckRoom() EXCLUDES(mu_);

  // Watches an answer of so many bytes, which is about to be sent. RESOURCE_EXHAUSTED as CheckRoom, unless it may
  // exceed the budget; then it is not watched, and must not be sent.
  absl::Status AddAnswer(Entry* entry, size_t bytes) EXCLUDES(mu_);
  void AddStream(Entry* entry) EXCLUDES(mu_);
  // Does nothing if it is not watched.
  void Remove(Entry* entry) EXCLUDES(mu_);

 private:
  void Run() EXCLUDES(mu_);
  void Add(Entry* entry, std::chrono::milliseconds longest) REQUIRES(mu_);
  void End(Entry* entry) REQUIRES(mu_);
  // Ends some of the calls that have stayed too long by `now`. True if there may be more.
  bool EndSome(std::chrono::steady_clock::time_point now) EXCLUDES(mu_);
  // Ends the answer that has not been read for the longest time. False if none is stalled.
  bool EndStalled() REQUIRES(mu_);

  const Options options_;
  Mutex mu_;
  CondVar cv_;
  bool stop_ GUARDED_BY(mu_) = false;
  // In the order in which they came, but for those that were ended and that gRPC has not let go of yet.
  std::list<Entry*> entries_ GUARDED_BY(mu_);
  std::list<Entry*> ended_ GUARDED_BY(mu_);
  absl::StatusOr<std::thread> thread_;
};

}  // namespace trilho

#endif  // TRILHO_CPP_SERVER_RPC_CALL_WATCH_H_

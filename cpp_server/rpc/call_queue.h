// Which calls run now, and which wait for a thread.

#ifndef TRILHO_CPP_SERVER_RPC_CALL_QUEUE_H_
#define TRILHO_CPP_SERVER_RPC_CALL_QUEUE_H_

#include <cstddef>
#include <deque>

#include "cpp_server/core/mutex.h"

namespace trilho {

// What waits in a CallQueue.
class QueuedCall {
 public:
  virtual ~QueuedCall() = default;
  // On the thread that takes it out.
  virtual void Handle() = 0;
  // There is no room for it.
  virtual void Reject(size_t bound) = 0;
  // The queue is given up before its turn came.
  virtual void GiveUp() = 0;
};

// Lets a fixed number of calls run at once and keeps the others in the order
// in which they came. A call that finds room runs on the thread that brought
// it: no hop as long as there is no queue. With one thread more than calls
// that may run, somebody is always free to see new calls, and callers that go.
//
// Thread-safe.
class CallQueue {
 public:
  CallQueue(int max_running, size_t max_waiting) : max_running_(max_running), max_waiting_(max_waiting) {}
  CallQueue(const CallQueue&) = delete;
  CallQueue& operator=(const CallQueue&) = delete;

  // Handles `call` and then all that came to wait meanwhile, or leaves it to a
  // thread that does so already, or rejects it. The queue does not own calls.
  void Add(QueuedCall* call) EXCLUDES(mu_);

  // The same for a call that was handled and is to be handled again: it goes before those that wait, which came after
  // it, and finds room whatever the bound.
  void AddAgain(QueuedCall* call) EXCLUDES(mu_);

  // Gives up the calls that wait, on the calling thread. Those that run are left alone.
  void GiveUp() EXCLUDES(mu_);

  size_t waiting() const EXCLUDES(mu_);

 private:
  // Null if none waits; then one call less is running.
  QueuedCall* Next() EXCLUDES(mu_);

  const int max_running_;
  const size_t max_waiting_;
  mutable Mutex mu_;
  int running_ GUARDED_BY(mu_) = 0;
  std::deque<QueuedCall*> waiting_ GUARDED_BY(mu_);
  std::deque<QueuedCall*> again_ GUARDED_BY(mu_);
};

}  // namespace trilho

#endif  // TRILHO_CPP_SERVER_RPC_CALL_QUEUE_H_

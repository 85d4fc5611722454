// The threads of one plane, and the calls that wait for them.

#ifndef TRILHO_CPP_SERVER_HTTP_CALL_POOL_H_
#define TRILHO_CPP_SERVER_HTTP_CALL_POOL_H_

#include <cstddef>
#include <deque>
#include <functional>
#include <memory>
#include <thread>
#include <vector>

#include "absl/status/status.h"
#include "cpp_server/core/mutex.h"
#include "cpp_server/http/server_call.h"

namespace trilho {

// Thread-safe.
class CallPool {
 public:
  using Run = std::function<void(std::shared_ptr<ServerCall>)>;

  CallPool(int threads, size_t max_waiting, Run run);
  // Lets what still waits go unanswered; waits for what runs.
  ~CallPool();
  CallPool(const CallPool&) = delete;
  CallPool& operator=(const CallPool&) = delete;

  // RESOURCE_EXHAUSTED if there were not so many threads to be had.
  const absl::Status& status() const { return status_; }

  // False if `max_waiting` calls wait already.
  bool Add(std::shared_ptr<ServerCall> call) EXCLUDES(mu_);

  // Puts a call that has run before those that wait, which came after it, whatever the bound.
  void AddAgain(std::shared_ptr<ServerCall> call) EXCLUDES(mu_);

  // Whether it still waited; it will not run then.
  bool Remove(const ServerCall* call) EXCLUDES(mu_);

  size_t max_waiting() const { return max_waiting_; }
  size_t waiting() const EXCLUDES(mu_);

 private:
  void Work() EXCLUDES(mu_);

  const size_t max_waiting_;
  const Run run_;
  mutable Mutex mu_;
  CondVar changed_;
  std::deque<std::shared_ptr<ServerCall>> waiting_ GUARDED_BY(mu_);
  // Run before those, and outside the bound.
  std::deque<std::shared_ptr<ServerCall>> again_ GUARDED_BY(mu_);
  // Threads that have nothing to do, even if they have not noticed yet what there is.
  size_t free_threads_ GUARDED_BY(mu_);
  bool stopped_ GUARDED_BY(mu_) = false;
  std::vector<std::thread> threads_;
  absl::Status status_;
};

}  // namespace trilho

#endif  // TRILHO_CPP_SERVER_HTTP_CALL_POOL_H_

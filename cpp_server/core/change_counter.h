// Waits for a change of what several objects hold.

#ifndef TRILHO_CPP_SERVER_CORE_CHANGE_COUNTER_H_
#define TRILHO_CPP_SERVER_CORE_CHANGE_COUNTER_H_

#include <chrono>
#include <cstdint>

#include "cpp_server/core/mutex.h"

namespace trilho {

// Counts changes. Who waits for a condition reads the count, looks at the condition, and waits until the count is
// another one; so no change is missed, whoever made it. Who makes a change notes it after that, with or without locks:
// nothing is called from here.
//
// Thread-safe.
class ChangeCounter {
 public:
  using TimePoint = std::chrono::steady_clock::time_point;

  void Note() EXCLUDES(mu_) {
    MutexLock lock(&mu_);
    ++count_;
    cv_.NotifyAll();
  }

  uint64_t count() const EXCLUDES(mu_) {
    MutexLock lock(&mu_);
    return count_;
  }

  // Waits until the count is not `seen`.
  void Wait(uint64_t seen) const EXCLUDES(mu_) {
    MutexLock lock(&mu_);
    while (count_ == seen) cv_.Wait(&mu_);
  }

  // The same; false if `deadline` has passed before.
  bool WaitUntil(uint64_t seen, TimePoint deadline) const EXCLUDES(mu_) {
    MutexLock lock(&mu_);
    while (count_ == seen) {
      if (!cv_.WaitUntil(&mu_, deadline)) return count_ != seen;
    }
    return true;
  }

 private:
  mutable Mutex mu_;
  mutable CondVar cv_;
  uint64_t count_ GUARDED_BY(mu_) = 0;
};

}  // namespace trilho

#endif  // TRILHO_CPP_SERVER_CORE_CHANGE_COUNTER_H_

// Locks that clang's -Wthread-safety can check.
//
// They stand on the standard library rather than on absl::Mutex: Debian's absl is built without ThreadSanitizer, which
// then sees neither its locks nor what they order.

#ifndef TRILHO_CPP_SERVER_CORE_MUTEX_H_
#define TRILHO_CPP_SERVER_CORE_MUTEX_H_

#include <chrono>
#include <condition_variable>
#include <mutex>

#include "absl/base/thread_annotations.h"

// absl 20220623 brings the first of these by itself, later ones do not.
#ifndef GUARDED_BY
#define GUARDED_BY(mutex) ABSL_GUARDED_BY(mutex)
#endif
#define REQUIRES(mutex) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex)
#define EXCLUDES(mutex) ABSL_LOCKS_EXCLUDED(mutex)

namespace trilho {

class ABSL_LOCKABLE Mutex {
 public:
  Mutex() = default;
  Mutex(const Mutex&) = delete;
  Mutex& operator=(const Mutex&) = delete;

  void Lock() ABSL_EXCLUSIVE_LOCK_FUNCTION() { mu_.lock(); }
  void Unlock() ABSL_UNLOCK_FUNCTION() { mu_.unlock(); }

 private:
  friend class CondVar;
  std::mutex mu_;
};

class ABSL_SCOPED_LOCKABLE MutexLock {
 public:
  explicit MutexLock(Mutex* mu) ABSL_EXCLUSIVE_LOCK_FUNCTION(mu) : mu_(mu) { mu_->Lock(); }
  ~MutexLock() ABSL_UNLOCK_FUNCTION() { mu_->Unlock(); }
  MutexLock(const MutexLock&) = delete;
  MutexLock& operator=(const MutexLock&) = delete;

 private:
  Mutex* const mu_;
};

// Waits may return without cause; always wait in a loop that looks at the condition.
class CondVar {
 public:
  CondVar() = default;
  CondVar(const CondVar&) = delete;
  CondVar& operator=(const CondVar&) = delete;

  void Wait(Mutex* mu) REQUIRES(mu) { cv_.wait(mu->mu_); }

  // False if `deadline` has passed.
  bool WaitUntil(Mutex* mu, std::chrono::steady_clock::time_point deadline) REQUIRES(mu) {
    return cv_.wait_until(mu->mu_, deadline) == std::cv_status::no_timeout;
  }

  void NotifyOne() { cv_.notify_one(); }
  void NotifyAll() { cv_.notify_all(); }

 private:
  std::condition_variable_any cv_;
};

}  // namespace trilho

#endif  // TRILHO_CPP_SERVER_CORE_MUTEX_H_

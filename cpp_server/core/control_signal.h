// Wakes a control thread.

#ifndef TRILHO_CPP_SERVER_CORE_CONTROL_SIGNAL_H_
#define TRILHO_CPP_SERVER_CORE_CONTROL_SIGNAL_H_

#include <chrono>

#include "cpp_server/core/mutex.h"

namespace trilho {

// "Something changed, look again": any number of Raise() before a wait count as one. One thread waits; any may raise,
// and none is ever held up by what the waiting thread does. Shared by whoever may raise, so that a raise that comes
// late finds it alive.
class ControlSignal {
 public:
  void Raise() EXCLUDES(mu_) {
    MutexLock lock(&mu_);
    raised_ = true;
    cv_.NotifyOne();
  }

  // Waits for a Raise() since the last wait returned.
  void Wait() EXCLUDES(mu_) {
    MutexLock lock(&mu_);
    while (!raised_) cv_.Wait(&mu_);
    raised_ = false;
  }

  // The same, until `deadline` at the latest.
  void WaitUntil(std::chrono::steady_clock::time_point deadline) EXCLUDES(mu_) {
    MutexLock lock(&mu_);
    while (!raised_ && cv_.WaitUntil(&mu_, deadline)) {
    }
    raised_ = false;
  }

 private:
  Mutex mu_;
  CondVar cv_;
  bool raised_ GUARDED_BY(mu_) = false;
};

}  // namespace trilho

#endif  // TRILHO_CPP_SERVER_CORE_CONTROL_SIGNAL_H_

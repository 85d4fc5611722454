// The work that a load is doing, for those who wait for it.

#ifndef TRILHO_CPP_SERVER_CORE_LOAD_PROGRESS_H_
#define TRILHO_CPP_SERVER_CORE_LOAD_PROGRESS_H_

#include <chrono>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "cpp_server/core/mutex.h"

namespace trilho {

// Written by the load, read by anybody. Thread-safe.
class LoadProgress {
 public:
  // Begins a step, e.g. "replaying record 3 of assets.extra/tf_serving_warmup_requests".
  void Set(std::string step) EXCLUDES(mu_) {
    MutexLock lock(&mu_);
    step_ = std::move(step);
    began_ = std::chrono::steady_clock::now();
  }

  // Returns the step and how long it has taken so far, empty before the first one.
  std::string Describe() const EXCLUDES(mu_) {
    MutexLock lock(&mu_);
    if (step_.empty()) return "";
    const auto taken = std::chrono::steady_clock::now() - began_;
    return absl::StrCat(step_, ", for ", std::chrono::duration_cast<std::chrono::seconds>(taken).count(), " s");
  }

 private:
  mutable Mutex mu_;
  std::string step_ GUARDED_BY(mu_);
  std::chrono::steady_clock::time_point began_ GUARDED_BY(mu_);
};

}  // namespace trilho

#endif  // TRILHO_CPP_SERVER_CORE_LOAD_PROGRESS_H_

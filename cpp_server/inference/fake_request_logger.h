// A request log that keeps what it gets, for tests.

#ifndef TRILHO_CPP_SERVER_INFERENCE_FAKE_REQUEST_LOGGER_H_
#define TRILHO_CPP_SERVER_INFERENCE_FAKE_REQUEST_LOGGER_H_

#include <atomic>
#include <new>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "cpp_server/core/mutex.h"
#include "cpp_server/inference/request_logger.h"

namespace trilho {

struct LoggedRequest {
  PredictionLogField kind;
  std::string model;
  std::string request;
  std::string response;
};

// Samples every request but those of the model "unlogged".
class FakeRequestLogger final : public RequestLogger {
 public:
  // Has Log run out of memory, after it has counted.
  void RunOutOfMemory() { out_of_memory_ = true; }

  int calls() const { return calls_; }
  std::vector<LoggedRequest> logged() const EXCLUDES(mu_) {
    MutexLock lock(&mu_);
    return logged_;
  }

  bool Samples(absl::string_view model) const override { return model != "unlogged"; }
  void Log(PredictionLogField kind, absl::string_view model, absl::string_view request,
           absl::string_view response) const override EXCLUDES(mu_) {
    ++calls_;
    if (out_of_memory_) throw std::bad_alloc();
    MutexLock lock(&mu_);
    logged_.push_back({kind, std::string(model), std::string(request), std::string(response)});
  }

 private:
  std::atomic<bool> out_of_memory_{false};
  mutable std::atomic<int> calls_{0};
  mutable Mutex mu_;
  mutable std::vector<LoggedRequest> logged_ GUARDED_BY(mu_);
};

}  // namespace trilho

#endif  // TRILHO_CPP_SERVER_INFERENCE_FAKE_REQUEST_LOGGER_H_

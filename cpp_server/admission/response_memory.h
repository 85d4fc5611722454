// How many bytes of answers a server holds for callers who have not taken them.

#ifndef TRILHO_CPP_SERVER_ADMISSION_RESPONSE_MEMORY_H_
#define TRILHO_CPP_SERVER_ADMISSION_RESPONSE_MEMORY_H_

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <utility>

#include "absl/status/status.h"

namespace trilho {

// The budget of a front for answers, from when they are made until the network
// has them. One answer may be larger than all of it: it is only when the bound
// is reached that another one finds no room. Thread-safe, without a lock.
class ResponseMemory {
 public:
  // `bound` in bytes, more than 0.
  explicit ResponseMemory(int64_t bound) : bound_(bound) {}
  ResponseMemory(const ResponseMemory&) = delete;
  ResponseMemory& operator=(const ResponseMemory&) = delete;

  int64_t bound() const { return bound_; }
  int64_t used() const { return used_; }

  // RESOURCE_EXHAUSTED, naming the bound, once it is reached: no call should
  // begin that would only make one more answer.
  absl::Status Check() const;

  // One answer's part of the budget, given back at its end. For one thread at a time.
  class Share {
   public:
    // Without a budget there is no bound.
    explicit Share(std::shared_ptr<ResponseMemory> memory = nullptr) : memory_(std::move(memory)) {}
    Share(Share&& other) noexcept;
    Share& operator=(Share&& other) noexcept;
    ~Share() { Release(); }

    // Takes `bytes` besides what it has. RESOURCE_EXHAUSTED, as Check's, if the
    // bound is reached already; then it stays as it was.
    absl::Status Take(size_t bytes);
    // Takes them whether or not there is room.
    void TakeBeyond(size_t bytes);
    void Release();
    size_t bytes() const { return static_cast<size_t>(bytes_); }

   private:
    std::shared_ptr<ResponseMemory> memory_;
    int64_t bytes_ = 0;
  };

 private:
  const int64_t bound_;
  std::atomic<int64_t> used_{0};
};

}  // namespace trilho

#endif  // TRILHO_CPP_SERVER_ADMISSION_RESPONSE_MEMORY_H_

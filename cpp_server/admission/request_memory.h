// How many bytes of requests a server holds at once.

#ifndef TRILHO_CPP_SERVER_ADMISSION_REQUEST_MEMORY_H_
#define TRILHO_CPP_SERVER_ADMISSION_REQUEST_MEMORY_H_

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <utility>

#include "absl/status/status.h"

namespace trilho {

// The budget of a front, for requests that are read, wait or run. It
// counts their bytes as they came, or decompressed, and not what is made of
// them. Thread-safe, without a lock.
class RequestMemory {
 public:
  // `bound` in bytes, more than 0.
  explicit RequestMemory(int64_t bound) : bound_(bound) {}
  RequestMemory(const RequestMemory&) = delete;
  RequestMemory& operator=(const RequestMemory&) = delete;

  int64_t bound() const { return bound_; }
  int64_t used() const { return used_; }

  // What one request has of the budget, given back at its end. For one thread at a time.
  class Share {
   public:
    // Without a budget there is no bound.
    explicit Share(std::shared_ptr<RequestMemory> memory = nullptr) : memory_(std::move(memory)) {}
    Share(Share&& other) noexcept : memory_(std::move(other.memory_)), bytes_(other.bytes_) { other.bytes_ = 0; }
    Share& operator=(Share&& other) noexcept;
    ~Share() { Release(); }

    // Makes it `bytes`, be it more or less. RESOURCE_EXHAUSTED, naming the
    // bound, if the budget does not have them; then it stays as it was.
    absl::Status Resize(size_t bytes);
    void Release();
    size_t bytes() const { return static_cast<size_t>(bytes_); }

   private:
    std::shared_ptr<RequestMemory> memory_;
    int64_t bytes_ = 0;
  };

 private:
  const int64_t bound_;
  std::atomic<int64_t> used_{0};
};

// The bytes of memory that this process may use: the machine's, or less if its
// control group has less. `cgroup` says which that is (/proc/self/cgroup),
// `groups` is where they are (/sys/fs/cgroup).
int64_t UsableMemory(const char* cgroup = "/proc/self/cgroup", const char* groups = "/sys/fs/cgroup");

}  // namespace trilho

#endif  // TRILHO_CPP_SERVER_ADMISSION_REQUEST_MEMORY_H_

// A number that only grows.

#ifndef TRILHO_CPP_SERVER_METRICS_COUNTER_H_
#define TRILHO_CPP_SERVER_METRICS_COUNTER_H_

#include <array>
#include <atomic>
#include <cstdint>

#include "cpp_server/metrics/shard.h"

namespace trilho {

// Thread-safe and lock-free. A Value() that runs beside increments has or has not seen each of them.
class Counter {
 public:
  Counter() = default;
  Counter(const Counter&) = delete;
  Counter& operator=(const Counter&) = delete;

  void Increment(uint64_t by = 1) { lines_[ThisThreadShard()].cells[0].fetch_add(by, std::memory_order_relaxed); }

  uint64_t Value() const {
    uint64_t value = 0;
    for (const CacheLine& line : lines_) value += line.cells[0].load(std::memory_order_relaxed);
    return value;
  }

 private:
  std::array<CacheLine, kMetricShards> lines_;
};

}  // namespace trilho

#endif  // TRILHO_CPP_SERVER_METRICS_COUNTER_H_

// A number that goes up and down.

#ifndef TRILHO_CPP_SERVER_METRICS_GAUGE_H_
#define TRILHO_CPP_SERVER_METRICS_GAUGE_H_

#include <atomic>

namespace trilho {

// Thread-safe and lock-free. In one place, since Set() must replace what others added: what changes with every request
// is better counted by two Counters, or read by a callback at scrape time.
class Gauge {
 public:
  Gauge() = default;
  Gauge(const Gauge&) = delete;
  Gauge& operator=(const Gauge&) = delete;

  void Set(double value) { value_.store(value, std::memory_order_relaxed); }

  void Add(double by) {
    double value = value_.load(std::memory_order_relaxed);
    while (!value_.compare_exchange_weak(value, value + by, std::memory_order_relaxed)) {
    }
  }

  double Value() const { return value_.load(std::memory_order_relaxed); }

 private:
  std::atomic<double> value_{0};
};

}  // namespace trilho

#endif  // TRILHO_CPP_SERVER_METRICS_GAUGE_H_

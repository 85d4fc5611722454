// How slowly a peer may send a body, or take an answer.

#ifndef TRILHO_CPP_SERVER_HTTP_MINIMUM_RATE_H_
#define TRILHO_CPP_SERVER_HTTP_MINIMUM_RATE_H_

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdint>

namespace trilho {

// A transfer that must go on at a rate, looked at over a sliding window: what
// came faster before gains it no more than one window. Also tells how fast it
// goes. For one thread at a time.
class MinimumRate {
 public:
  using Clock = std::chrono::steady_clock;

  // `bytes_per_second` of 0 asks for something in every window only.
  MinimumRate(int bytes_per_second, std::chrono::milliseconds window)
      : bytes_per_second_(bytes_per_second), window_(window) {}

  // Begins a transfer.
  void Begin(Clock::time_point now) {
    began_ = now;
    moved_ = now;
    due_ = now + window_;
    recent_bytes_ = 0;
  }

  // `bytes` more have been transferred.
  void Moved(uint64_t bytes, Clock::time_point now) {
    if (bytes == 0) return;
    recent_bytes_ = RecentBytes(now) + static_cast<double>(bytes);
    moved_ = now;
    const Clock::time_point full = now + window_;
    if (bytes_per_second_ == 0) {
      due_ = full;
      return;
    }
    const double seconds = static_cast<double>(bytes) / bytes_per_second_;
    const auto gained =
        std::chrono::duration<double>(std::min(seconds, std::chrono::duration<double>(window_).count()));
    due_ = std::min(full, due_ + std::chrono::duration_cast<Clock::duration>(gained));
  }

  // When it is too slow, unless more comes before.
  Clock::time_point due() const { return due_; }

  // The bytes per second of the last moments, since the beginning at most. What came before counts the less the longer
  // ago it was, so that nobody who was fast once may be slow.
  double RecentRate(Clock::time_point now) const {
    const double share = -std::expm1(-std::max(Seconds(now - began_), kLeastSeconds) / kRecentSeconds);
    return RecentBytes(now) / (kRecentSeconds * share);
  }

  // Whether, at due(), nothing at all has come for a window.
  bool stands() const { return due_ >= moved_ + window_; }

 private:
  static constexpr double kRecentSeconds = 5;
  // A transfer that has begun just now has a rate, too.
  static constexpr double kLeastSeconds = 1e-6;

  static double Seconds(Clock::duration time) { return std::chrono::duration<double>(time).count(); }
  double RecentBytes(Clock::time_point now) const {
    return recent_bytes_ * std::exp(-Seconds(now - moved_) / kRecentSeconds);
  }

  const int bytes_per_second_;
  const std::chrono::milliseconds window_;
  Clock::time_point began_;
  Clock::time_point moved_;
  // Weighted as of moved_.
  double recent_bytes_ = 0;
  Clock::time_point due_;
};

}  // namespace trilho

#endif  // TRILHO_CPP_SERVER_HTTP_MINIMUM_RATE_H_

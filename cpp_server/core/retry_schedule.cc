#include "cpp_server/core/retry_schedule.h"

#include <algorithm>

namespace trilho {

bool RetrySchedule::NoteFailure(const ManagerOptions& options, TimePoint now) {
  const int backed_off = failures_ - std::max(0, options.max_num_load_retries);
  ++failures_;
  next_.reset();
  if (backed_off < 0) {
    // Bounded, because a time far enough away overflows the clock.
    const auto wait = std::min<std::chrono::microseconds>(options.load_retry_interval, std::chrono::hours(24 * 365));
    next_ = now + std::max(wait, std::chrono::microseconds(0));
    return true;
  }
  if (options.failed_backoff.count() <= 0) return false;
  std::chrono::milliseconds wait = std::min(options.failed_backoff, options.max_failed_backoff);
  for (int i = 0; i < backed_off && wait < options.max_failed_backoff; ++i) wait *= 2;
  next_ = now + std::min(wait, options.max_failed_backoff);
  return false;
}

}  // namespace trilho

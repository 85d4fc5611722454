// When a version that did not load is tried again.

#ifndef TRILHO_CPP_SERVER_CORE_RETRY_SCHEDULE_H_
#define TRILHO_CPP_SERVER_CORE_RETRY_SCHEDULE_H_

#include <chrono>

#include "absl/types/optional.h"
#include "cpp_server/core/manager_options.h"

namespace trilho {

// Counts the failures of one version. Not thread-safe.
class RetrySchedule {
 public:
  using TimePoint = std::chrono::steady_clock::time_point;

  // Failures since the version was last wanted anew.
  int failures() const { return failures_; }
  // When it is to be tried again, if at all.
  const absl::optional<TimePoint>& next() const { return next_; }
  bool IsDue(TimePoint now) const { return next_ && *next_ <= now; }

  // Notes a failure at `now` and sets next(). True if the next try is one of ManagerOptions::max_num_load_retries and
  // so belongs to the same load; false if it comes after a back-off, or never.
  bool NoteFailure(const ManagerOptions& options, TimePoint now);

  // Takes next() back.
  void Cancel() { next_.reset(); }

  // As if it had never failed.
  void Reset() { *this = RetrySchedule(); }

 private:
  int failures_ = 0;
  absl::optional<TimePoint> next_;
};

}  // namespace trilho

#endif  // TRILHO_CPP_SERVER_CORE_RETRY_SCHEDULE_H_

#include "cpp_server/rpc/deadline.h"

#include <cstdint>

namespace trilho {
namespace {

constexpr int64_t kFarSeconds = int64_t{100} * 365 * 24 * 3600;

}  // namespace

std::chrono::steady_clock::time_point SteadyDeadline(gpr_timespec deadline) {
  const auto now = std::chrono::steady_clock::now();
  const gpr_timespec left =
      deadline.clock_type == GPR_TIMESPAN ? deadline : gpr_time_sub(deadline, gpr_now(deadline.clock_type));
  if (left.tv_sec >= kFarSeconds) return std::chrono::steady_clock::time_point::max();
  // Long past is past.
  if (left.tv_sec < 0) return now;
  return now + std::chrono::seconds(left.tv_sec) + std::chrono::nanoseconds(left.tv_nsec);
}

}  // namespace trilho

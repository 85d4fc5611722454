// A wall clock that a test steps, as an administrator or NTP does.

#ifndef TRILHO_CPP_SERVER_TESTING_CLOCK_STEP_H_
#define TRILHO_CPP_SERVER_TESTING_CLOCK_STEP_H_

#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include <atomic>

namespace trilho {

// Seconds that the wall clock of this process is ahead.
inline std::atomic<time_t> clock_step{0};

}  // namespace trilho

// Takes the place of the C library's for the whole program, so this header belongs into one file of a test only.
extern "C" int clock_gettime(clockid_t clock, timespec* time) noexcept {
  const long result = syscall(SYS_clock_gettime, clock, time);
  if (result == 0 && (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE)) time->tv_sec += trilho::clock_step;
  return static_cast<int>(result);
}

#endif  // TRILHO_CPP_SERVER_TESTING_CLOCK_STEP_H_

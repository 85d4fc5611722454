// Runs that nobody waits for beyond a time.

#ifndef TRILHO_CPP_SERVER_TENSORFLOW_TIMED_RUNS_H_
#define TRILHO_CPP_SERVER_TENSORFLOW_TIMED_RUNS_H_

#include <chrono>
#include <functional>
#include <string>
#include <vector>

#include "absl/status/status.h"

namespace trilho {

struct TimedRun {
  std::string name;
  // Is given the time that is left, and should end by then. It may be called, and destroyed, after MakeTimedRuns has
  // returned, so that it must keep alive whatever it uses.
  std::function<absl::Status(std::chrono::milliseconds left)> run;
};

struct TimedRunsResult {
  struct Ended {
    std::string name;
    absl::Status status;
  };
  // In the order of the runs.
  std::vector<Ended> ended;
  // The run that was not over in time; empty if each was, or if none could be begun.
  std::string unfinished;
  // `unfinished` did not end when its time was over. A thread of its own waits for it, and goes with it.
  bool goes_on = false;
  // Runs that were not begun.
  std::vector<std::string> skipped;
  // Why no run was begun, e.g. that the system has no more threads.
  absl::Status error;
};

// Makes the runs one after another on another thread, for `budget` in all, and returns soon after that at the latest.
// The first one is begun in any case.
TimedRunsResult MakeTimedRuns(std::vector<TimedRun> runs, std::chrono::milliseconds budget);

// Returns how many runs of this process go on although their time is over. A process ends by _Exit while there are any:
// their threads use what exit() destroys.
int TimedRunsGoingOn();

}  // namespace trilho

#endif  // TRILHO_CPP_SERVER_TENSORFLOW_TIMED_RUNS_H_

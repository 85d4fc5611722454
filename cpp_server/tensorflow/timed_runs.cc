#include "cpp_server/tensorflow/timed_runs.h"

#include <algorithm>
#include <atomic>
#include <memory>
#include <thread>
#include <utility>

#include "cpp_server/core/mutex.h"
#include "cpp_server/core/thread.h"

namespace trilho {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

// What TensorFlow may take to end a run whose time is over.
constexpr milliseconds kPatience(2000);

std::atomic<int>& GoingOn() {
  static std::atomic<int> going_on{0};
  return going_on;
}

// What the two threads share.
struct Progress {
  Mutex mu;
  CondVar cv;
  TimedRunsResult result GUARDED_BY(mu);
  std::string running GUARDED_BY(mu);
  bool is_over GUARDED_BY(mu) = false;
  // Nobody waits any more.
  bool is_given_up GUARDED_BY(mu) = false;
};

// False once the time is over.
bool MakeRun(const TimedRun& run, steady_clock::time_point deadline, Progress* progress) {
  const auto left = std::chrono::ceil<milliseconds>(deadline - steady_clock::now());
  {
    MutexLock lock(&progress->mu);
    progress->running = run.name;
  }
  // At least a moment: this thread may have had to wait for its turn.
  absl::Status status = run.run(std::max(left, milliseconds(1)));
  const bool is_over = steady_clock::now() >= deadline;
  const bool is_late = is_over && !status.ok();
  MutexLock lock(&progress->mu);
  if (is_late) {
    progress->result.unfinished = run.name;
  } else {
    progress->result.ended.push_back({run.name, std::move(status)});
  }
  progress->running.clear();
  return !is_over;
}

void MakeRuns(std::vector<TimedRun> runs, steady_clock::time_point deadline, Progress* progress) {
  for (const TimedRun& run : runs) {
    if (!MakeRun(run, deadline, progress)) break;
  }
  // Before anybody is told: what they keep alive is not to outlast the wait for them.
  runs.clear();
  MutexLock lock(&progress->mu);
  progress->is_over = true;
  if (progress->is_given_up) --GoingOn();
  progress->cv.NotifyAll();
}

// Takes what there is; false if a run goes on.
bool Await(Progress* progress, steady_clock::time_point deadline, TimedRunsResult* result) {
  MutexLock lock(&progress->mu);
  while (!progress->is_over) {
    if (!progress->cv.WaitUntil(&progress->mu, deadline)) break;
  }
  *result = std::move(progress->result);
  if (progress->is_over) return true;
  progress->is_given_up = true;
  ++GoingOn();
  if (!progress->running.empty()) result->unfinished = progress->running;
  result->goes_on = true;
  return false;
}

}  // namespace

TimedRunsResult MakeTimedRuns(std::vector<TimedRun> runs, milliseconds budget) {
  std::vector<std::string> names;
  names.reserve(runs.size());
  for (const TimedRun& run : runs) names.push_back(run.name);

  const auto deadline = steady_clock::now() + budget;
  const auto progress = std::make_shared<Progress>();
  TimedRunsResult result;
  auto thread = StartThread("warm-up", [runs = std::move(runs), deadline, progress]() mutable {
    MakeRuns(std::move(runs), deadline, progress.get());
  });
  if (!thread.ok()) {
    result.error = thread.status();
    result.skipped = std::move(names);
    return result;
  }
  if (Await(progress.get(), deadline + kPatience, &result)) {
    thread->join();
  } else {
    thread->detach();
  }
  const size_t begun = std::min(names.size(), result.ended.size() + (result.unfinished.empty() ? 0 : 1));
  result.skipped.assign(names.begin() + static_cast<std::ptrdiff_t>(begun), names.end());
  return result;
}

int TimedRunsGoingOn() { return GoingOn(); }

}  // namespace trilho

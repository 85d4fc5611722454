#include "cpp_server/server/reload_worker.h"

#include <chrono>
#include <utility>

#include "cpp_server/admission/no_memory.h"
#include "cpp_server/core/thread.h"

namespace trilho {
namespace {

// How often it is asked whether a job is complete.
constexpr std::chrono::milliseconds kPeriod(20);

}  // namespace

ReloadWorker::ReloadWorker() : thread_(StartThread("change models", [this] { Run(); })) {}

ReloadWorker::~ReloadWorker() {
  {
    MutexLock lock(&mu_);
    stopped_ = ending_ = true;
    cv_.NotifyAll();
  }
  if (thread_.ok()) thread_->join();
}

void ReloadWorker::Add(Job job) {
  MutexLock lock(&mu_);
  jobs_.push_back(std::move(job));
  cv_.NotifyAll();
}

void ReloadWorker::Stop() {
  MutexLock lock(&mu_);
  stopped_ = true;
  cv_.NotifyAll();
}

void ReloadWorker::Run() {
  std::list<Job> waiting;
  for (;;) {
    std::deque<Job> jobs;
    bool stopped = false;
    bool ending = false;
    {
      const auto next = std::chrono::steady_clock::now() + kPeriod;
      MutexLock lock(&mu_);
      while (jobs_.empty() && !ending_ && !(stopped_ && !waiting.empty())) {
        if (waiting.empty()) {
          cv_.Wait(&mu_);
        } else if (!cv_.WaitUntil(&mu_, next)) {
          break;
        }
      }
      jobs.swap(jobs_);
      stopped = stopped_;
      ending = ending_;
    }
    Begin(std::move(jobs), stopped, &waiting);
    for (auto job = waiting.begin(); job != waiting.end();) {
      if (job->is_complete()) {
        job->done(OrNoMemory([&] { return job->result(); }));
      } else if (stopped) {
        job->done(absl::UnavailableError("the configuration was taken, but the server shut down before it was loaded"));
      } else {
        ++job;
        continue;
      }
      job = waiting.erase(job);
    }
    if (ending) return;
  }
}

void ReloadWorker::Begin(std::deque<Job> jobs, bool stopped, std::list<Job>* waiting) {
  for (Job& job : jobs) {
    const absl::Status changed =
        stopped ? absl::UnavailableError("the server is shutting down") : OrNoMemory([&] { return job.change(); });
    if (changed.ok()) {
      waiting->push_back(std::move(job));
    } else {
      job.done(changed);
    }
  }
}

}  // namespace trilho

#include "cpp_server/server/reload_worker.h"

#include <algorithm>
#include <utility>

#include "cpp_server/admission/no_memory.h"
#include "cpp_server/core/thread.h"

namespace trilho {

ReloadWorker::ReloadWorker(std::shared_ptr<ChangeCounter> changes)
    : changes_(std::move(changes)), thread_(StartThread("change models", [this] { Run(); })) {}

ReloadWorker::~ReloadWorker() {
  {
    MutexLock lock(&mu_);
    stopped_ = ending_ = true;
  }
  changes_->Note();
  if (thread_.ok()) thread_->join();
}

void ReloadWorker::Add(Job job) {
  {
    MutexLock lock(&mu_);
    jobs_.push_back(std::move(job));
  }
  changes_->Note();
}

void ReloadWorker::Stop() {
  {
    MutexLock lock(&mu_);
    stopped_ = true;
  }
  changes_->Note();
}

void ReloadWorker::Run() {
  std::list<Waiting> waiting;
  for (;;) {
    const uint64_t seen = changes_->count();
    std::deque<Job> jobs;
    bool stopped = false;
    bool ending = false;
    {
      MutexLock lock(&mu_);
      jobs.swap(jobs_);
      stopped = stopped_;
      ending = ending_;
    }
    Begin(std::move(jobs), stopped, &waiting);
    const auto asked_at = Clock::now();
    EndComplete(stopped, &waiting);
    if (ending) return;
    Clock::time_point next = Clock::time_point::max();
    for (const Waiting& other : waiting) {
      if (other.ask_at > asked_at) next = std::min(next, other.ask_at);
    }
    if (next == Clock::time_point::max()) {
      changes_->Wait(seen);
    } else {
      changes_->WaitUntil(seen, next);
    }
  }
}

void ReloadWorker::Begin(std::deque<Job> jobs, bool stopped, std::list<Waiting>* waiting) {
  for (Job& job : jobs) {
    const absl::Status changed =
        stopped ? absl::UnavailableError("the server is shutting down") : OrNoMemory([&] { return job.change(); });
    if (changed.ok()) {
      const auto ask_at = Clock::now() + job.patience;
      waiting->push_back(Waiting{std::move(job), ask_at});
    } else {
      job.done(changed);
    }
  }
}

void ReloadWorker::EndComplete(bool stopped, std::list<Waiting>* waiting) {
  for (auto it = waiting->begin(); it != waiting->end();) {
    const Job& job = it->job;
    if (job.is_complete()) {
      job.done(OrNoMemory([&] { return job.result(); }));
    } else if (stopped) {
      job.done(absl::UnavailableError("the configuration was taken, but the server shut down before it was loaded"));
    } else {
      ++it;
      continue;
    }
    it = waiting->erase(it);
  }
}

}  // namespace trilho

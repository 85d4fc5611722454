#include "cpp_server/server/reload_worker.h"

#include <utility>

namespace trilho {

ReloadWorker::ReloadWorker() : thread_([this] { Run(); }) {}

ReloadWorker::~ReloadWorker() {
  Stop();
  {
    MutexLock lock(&mu_);
    ending_ = true;
    cv_.NotifyAll();
  }
  thread_.join();
}

void ReloadWorker::Add(Job job) {
  MutexLock lock(&mu_);
  jobs_.push_back(std::move(job));
  cv_.NotifyAll();
}

void ReloadWorker::Stop() { stopped_ = true; }

void ReloadWorker::Run() {
  for (;;) {
    Job job;
    {
      MutexLock lock(&mu_);
      while (jobs_.empty() && !ending_) cv_.Wait(&mu_);
      if (jobs_.empty()) return;
      job = std::move(jobs_.front());
      jobs_.pop_front();
    }
    job(stopped_);
  }
}

}  // namespace trilho

#include "cpp_server/batching/batch_scheduler.h"

#include <algorithm>
#include <utility>

#include "cpp_server/core/thread.h"

namespace trilho {

void BatchScheduler::Schedule(const std::shared_ptr<Share>& share, const std::shared_ptr<Source>& source,
                              TimePoint ready) {
  MutexLock lock(&mu_);
  if (source->scheduled_) {
    if (ready >= source->ready_) return;
    source->ready_ = ready;
  } else {
    source->scheduled_ = true;
    source->ready_ = ready;
    if (share->sources_.empty()) shares_.push_back(share);
    share->sources_.push_back(source);
  }
  changed_.NotifyOne();
}

std::shared_ptr<BatchScheduler::Source> BatchScheduler::Take(TimePoint now, TimePoint* next) {
  *next = TimePoint::max();
  for (auto share = shares_.begin(); share != shares_.end(); ++share) {
    std::list<std::shared_ptr<Source>>& sources = (*share)->sources_;
    for (auto source = sources.begin(); source != sources.end(); ++source) {
      if ((*source)->ready_ > now) {
        *next = std::min(*next, (*source)->ready_);
        continue;
      }
      std::shared_ptr<Source> taken = std::move(*source);
      taken->scheduled_ = false;
      sources.erase(source);
      if (sources.empty()) {
        shares_.erase(share);
      } else {
        shares_.splice(shares_.end(), shares_, share);
      }
      return taken;
    }
  }
  return nullptr;
}

void BatchScheduler::Work() {
  while (true) {
    std::shared_ptr<Source> source;
    {
      MutexLock lock(&mu_);
      while (!stopped_) {
        TimePoint next;
        source = Take(std::chrono::steady_clock::now(), &next);
        if (source != nullptr) break;
        if (next == TimePoint::max()) {
          changed_.Wait(&mu_);
        } else {
          changed_.WaitUntil(&mu_, next);
        }
      }
      if (source == nullptr) return;
      // This thread may have been the only one that knew when the others are ready.
      if (!shares_.empty()) changed_.NotifyOne();
    }
    source->RunNext();
  }
}

void BatchScheduler::Stop() {
  MutexLock lock(&mu_);
  stopped_ = true;
  shares_.clear();
  changed_.NotifyAll();
}

BatchThreads::BatchThreads(int64_t num_threads) : scheduler_(std::make_shared<BatchScheduler>()) {
  threads_.reserve(static_cast<size_t>(num_threads));
  for (int64_t i = 0; i < num_threads; ++i) {
    auto thread = StartThread("batch", [scheduler = scheduler_] { scheduler->Work(); });
    if (!thread.ok()) {
      status_ = thread.status();
      return;
    }
    threads_.push_back(*std::move(thread));
  }
}

BatchThreads::~BatchThreads() {
  scheduler_->Stop();
  for (std::thread& thread : threads_) {
    if (thread.get_id() == std::this_thread::get_id()) {
      thread.detach();
    } else {
      thread.join();
    }
  }
}

}  // namespace trilho

#include "cpp_server/http/call_pool.h"

#include <algorithm>
#include <utility>

#include "cpp_server/core/thread.h"

namespace trilho {

CallPool::CallPool(int threads, size_t max_waiting, Run run)
    : max_waiting_(max_waiting), run_(std::move(run)), free_threads_(static_cast<size_t>(threads)) {
  for (int i = 0; i < threads; ++i) {
    auto thread = StartThread("http", [this] { Work(); });
    if (!thread.ok()) {
      status_ = thread.status();
      return;
    }
    threads_.push_back(*std::move(thread));
  }
}

CallPool::~CallPool() {
  {
    MutexLock lock(&mu_);
    stopped_ = true;
    changed_.NotifyAll();
  }
  for (std::thread& thread : threads_) thread.join();
}

bool CallPool::Add(std::shared_ptr<ServerCall> call) {
  MutexLock lock(&mu_);
  if (waiting_.size() >= max_waiting_ + free_threads_) return false;
  waiting_.push_back(std::move(call));
  changed_.NotifyOne();
  return true;
}

void CallPool::AddAgain(std::shared_ptr<ServerCall> call) {
  MutexLock lock(&mu_);
  again_.push_back(std::move(call));
  changed_.NotifyOne();
}

bool CallPool::Remove(const ServerCall* call) {
  // Released without the lock.
  std::shared_ptr<ServerCall> removed;
  MutexLock lock(&mu_);
  for (auto* const queue : {&again_, &waiting_}) {
    const auto found = std::find_if(queue->begin(), queue->end(), [call](const auto& c) { return c.get() == call; });
    if (found == queue->end()) continue;
    removed = std::move(*found);
    queue->erase(found);
    return true;
  }
  return false;
}

size_t CallPool::waiting() const {
  MutexLock lock(&mu_);
  const size_t calls = waiting_.size() + again_.size();
  return calls - std::min(calls, free_threads_);
}

void CallPool::Work() {
  while (true) {
    std::shared_ptr<ServerCall> call;
    {
      MutexLock lock(&mu_);
      while (!stopped_ && waiting_.empty() && again_.empty()) changed_.Wait(&mu_);
      if (stopped_) return;
      auto& queue = again_.empty() ? waiting_ : again_;
      call = std::move(queue.front());
      queue.pop_front();
      --free_threads_;
    }
    run_(std::move(call));
    MutexLock lock(&mu_);
    ++free_threads_;
  }
}

}  // namespace trilho

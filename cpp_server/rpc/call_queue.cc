#include "cpp_server/rpc/call_queue.h"

namespace trilho {

void CallQueue::Add(QueuedCall* call) {
  bool rejected = false;
  {
    MutexLock lock(&mu_);
    if (running_ < max_running_) {
      ++running_;
    } else if (waiting_.size() < max_waiting_) {
      waiting_.push_back(call);
      return;
    } else {
      rejected = true;
    }
  }
  if (rejected) return call->Reject(max_waiting_);
  for (; call != nullptr; call = Next()) call->Handle();
}

void CallQueue::AddAgain(QueuedCall* call) {
  {
    MutexLock lock(&mu_);
    if (running_ == max_running_) {
      again_.push_back(call);
      return;
    }
    ++running_;
  }
  for (; call != nullptr; call = Next()) call->Handle();
}

void CallQueue::GiveUp() {
  std::deque<QueuedCall*> given_up;
  {
    MutexLock lock(&mu_);
    given_up.swap(again_);
    given_up.insert(given_up.end(), waiting_.begin(), waiting_.end());
    waiting_.clear();
  }
  for (QueuedCall* const call : given_up) call->GiveUp();
}

size_t CallQueue::waiting() const {
  MutexLock lock(&mu_);
  return waiting_.size() + again_.size();
}

QueuedCall* CallQueue::Next() {
  MutexLock lock(&mu_);
  std::deque<QueuedCall*>& queue = again_.empty() ? waiting_ : again_;
  if (queue.empty()) {
    --running_;
    return nullptr;
  }
  QueuedCall* const call = queue.front();
  queue.pop_front();
  return call;
}

}  // namespace trilho

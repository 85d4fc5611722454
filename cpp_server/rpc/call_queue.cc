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

void CallQueue::GiveUp() {
  std::deque<QueuedCall*> given_up;
  {
    MutexLock lock(&mu_);
    given_up.swap(waiting_);
  }
  for (QueuedCall* const call : given_up) call->GiveUp();
}

size_t CallQueue::waiting() const {
  MutexLock lock(&mu_);
  return waiting_.size();
}

QueuedCall* CallQueue::Next() {
  MutexLock lock(&mu_);
  if (waiting_.empty()) {
    --running_;
    return nullptr;
  }
  QueuedCall* const call = waiting_.front();
  waiting_.pop_front();
  return call;
}

}  // namespace trilho

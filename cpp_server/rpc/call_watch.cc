#include "cpp_server/rpc/call_watch.h"

#include <thread>
#include <utility>

#include "cpp_server/core/thread.h"

namespace trilho {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

// How often it looks for calls that stay too long.
constexpr milliseconds kPeriod(500);

// Calls that are ended at once, while every answer waits, and the time for answers until the next ones.
constexpr int kEndedAtOnce = 256;
constexpr milliseconds kBetween(1);

// What gRPC holds of a call besides its answer, more or less.
constexpr size_t kBytesOfCall = 4096;

}  // namespace

CallWatch::CallWatch(Options options)
    : options_(std::move(options)), thread_(StartThread("grpc watch", [this] { Run(); })) {}

CallWatch::~CallWatch() {
  {
    MutexLock lock(&mu_);
    stop_ = true;
    cv_.NotifyAll();
  }
  if (thread_.ok()) thread_->join();
}

absl::Status CallWatch::CheckRoom() {
  if (options_.memory == nullptr) return absl::OkStatus();
  absl::Status room = options_.memory->Check();
  if (room.ok()) return room;
  MutexLock lock(&mu_);
  for (int ended = 0; !room.ok() && ended < kEndedAtOnce && EndStalled(); ++ended) room = options_.memory->Check();
  return room;
}

absl::Status CallWatch::AddAnswer(Entry* entry, size_t bytes) {
  ResponseMemory::Share share(options_.memory);
  MutexLock lock(&mu_);
  absl::Status room = share.Take(bytes + kBytesOfCall);
  for (int ended = 0; !room.ok() && ended < kEndedAtOnce && EndStalled(); ++ended) {
    room = share.Take(bytes + kBytesOfCall);
  }
  if (!room.ok() && !entry->may_exceed_) return room;
  if (!room.ok()) share.TakeBeyond(bytes + kBytesOfCall);
  entry->share_ = std::move(share);
  entry->is_answer_ = true;
  const milliseconds reading(options_.least_bytes_per_second == 0 ? 0 : bytes * 1000 / options_.least_bytes_per_second);
  Add(entry, options_.patience + reading);
  return absl::OkStatus();
}

void CallWatch::AddStream(Entry* entry) {
  MutexLock lock(&mu_);
  Add(entry, options_.longest_stream);
}

void CallWatch::Add(Entry* entry, milliseconds longest) {
  entry->since_ = steady_clock::now();
  entry->deadline_ = entry->since_ + longest;
  entry->place_ = entries_.insert(entries_.end(), entry);
}

void CallWatch::Remove(Entry* entry) {
  MutexLock lock(&mu_);
  if (!entry->place_) return;
  (entry->is_ended_ ? ended_ : entries_).erase(*entry->place_);
  entry->place_.reset();
  entry->share_.Release();
}

void CallWatch::End(Entry* entry) {
  entry->is_ended_ = true;
  ended_.splice(ended_.end(), entries_, *entry->place_);
  // Its memory is given back within moments, when gRPC says so; until then nobody else shall be ended for it.
  entry->share_.Release();
  entry->context_->TryCancel();
}

bool CallWatch::EndStalled() {
  const auto before = steady_clock::now() - options_.stalled;
  for (Entry* const entry : entries_) {
    if (entry->since_ > before) return false;
    if (!entry->is_answer_) continue;
    End(entry);
    return true;
  }
  return false;
}

bool CallWatch::EndSome(steady_clock::time_point now) {
  MutexLock lock(&mu_);
  int ended = 0;
  for (auto next = entries_.begin(); next != entries_.end() && !stop_;) {
    Entry* const entry = *next++;
    if (entry->deadline_ > now) continue;
    End(entry);
    if (++ended == kEndedAtOnce) return true;
  }
  return false;
}

void CallWatch::Run() {
  while (true) {
    const auto now = steady_clock::now();
    while (EndSome(now)) std::this_thread::sleep_for(kBetween);
    MutexLock lock(&mu_);
    while (!stop_ && cv_.WaitUntil(&mu_, now + kPeriod)) {
    }
    if (stop_) return;
  }
}

}  // namespace trilho

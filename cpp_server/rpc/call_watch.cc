#include "cpp_server/rpc/call_watch.h"

#include <utility>

#include "cpp_server/core/thread.h"

namespace trilho {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

// How often it looks for calls that stay too long.
constexpr milliseconds kPeriod(500);

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
  while (!room.ok() && EndStalled()) room = options_.memory->Check();
  return room;
}

absl::Status CallWatch::AddAnswer(Entry* entry, size_t bytes) {
  ResponseMemory::Share share(options_.memory);
  MutexLock lock(&mu_);
  absl::Status room = share.Take(bytes + kBytesOfCall);
  while (!room.ok() && EndStalled()) room = share.Take(bytes + kBytesOfCall);
  if (!room.ok()) return room;
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
  entries_.erase(*entry->place_);
  entry->place_.reset();
  entry->share_.Release();
}

void CallWatch::End(Entry* entry) {
  entry->is_ended_ = true;
  // Its memory is given back within moments, when gRPC says so; until then nobody else shall be ended for it.
  entry->share_.Release();
  entry->context_->TryCancel();
}

bool CallWatch::EndStalled() {
  const auto before = steady_clock::now() - options_.stalled;
  for (Entry* const entry : entries_) {
    if (entry->since_ > before) return false;
    if (!entry->is_answer_ || entry->is_ended_) continue;
    End(entry);
    return true;
  }
  return false;
}

void CallWatch::Run() {
  MutexLock lock(&mu_);
  while (!stop_) {
    const auto now = steady_clock::now();
    for (Entry* const entry : entries_) {
      if (!entry->is_ended_ && entry->deadline_ <= now) End(entry);
    }
    const auto next = now + kPeriod;
    while (!stop_ && cv_.WaitUntil(&mu_, next)) {
    }
  }
}

}  // namespace trilho

#include "cpp_server/core/version_table.h"

#include <algorithm>
#include <utility>

namespace trilho {

void VersionTable::SetAspired(const std::vector<AspiredVersion>& aspired,
                              const std::vector<RejectedVersion>& rejected) {
  std::map<int64_t, const std::string*> paths;
  for (const AspiredVersion& a : aspired) paths[a.version] = &a.path;
  for (auto& [number, version] : entries_) {
    if (paths.count(number) == 0) version.is_aspired = false;
  }
  for (const auto& [number, path] : paths) {
    const auto [it, is_new] = entries_.try_emplace(number);
    VersionEntry& version = it->second;
    if (!version.is_aspired || version.path != *path) {
      ++version.wanted;
      version.retries.Reset();
    }
    version.is_aspired = true;
    version.path = *path;
    if (is_new) {
      version.state.id = ServableId{model_, number};
      SetState(&version, ManagerState::kStart, absl::OkStatus());
    } else {
      Restart(&version);
    }
  }
  std::map<int64_t, absl::Status> now_rejected;
  for (const RejectedVersion& r : rejected) {
    now_rejected[r.version] = r.reason;
    const auto before = rejected_.find(r.version);
    if (before == rejected_.end() || before->second != r.reason) {
      events_.push_back(ServableState{ServableId{model_, r.version}, ManagerState::kEnd, r.reason});
    }
  }
  rejected_ = std::move(now_rejected);
}

void VersionTable::Withdraw() {
  for (auto& entry : entries_) entry.second.is_aspired = false;
}

const VersionEntry* VersionTable::FindAvailable(absl::optional<int64_t> version) const {
  if (!version.has_value()) return latest_;
  const auto it = entries_.find(*version);
  return it != entries_.end() && it->second.lease != nullptr ? &it->second : nullptr;
}

std::vector<ServableState> VersionTable::States() const {
  std::map<int64_t, ServableState> states;
  for (const auto& [number, version] : entries_) {
    ServableState& state = states[number] = version.state;
    if (version.progress != nullptr) state.progress = version.progress->Describe();
  }
  for (const auto& [number, reason] : rejected_) {
    const auto [it, is_new] = states.try_emplace(number);
    if (is_new || it->second.state == ManagerState::kEnd) {
      it->second = ServableState{ServableId{model_, number}, ManagerState::kEnd, reason};
    }
  }
  std::vector<ServableState> result;
  result.reserve(states.size());
  for (auto it = states.rbegin(); it != states.rend(); ++it) result.push_back(std::move(it->second));
  return result;
}

std::set<int64_t> VersionTable::Failing() const {
  std::set<int64_t> failing;
  for (const auto& [number, version] : entries_) {
    if (version.is_aspired && version.retries.failures() > 0) failing.insert(number);
  }
  return failing;
}

std::set<int64_t> VersionTable::Retriable() const {
  std::set<int64_t> retriable = Failing();
  for (const auto& entry : rejected_) retriable.insert(entry.first);
  return retriable;
}

void VersionTable::Retry(const std::set<int64_t>& versions) {
  for (auto& [number, version] : entries_) {
    if (versions.count(number) == 0 || !version.is_aspired || version.retries.failures() == 0) continue;
    const bool waits = version.retries.next().has_value();
    version.retries.Cancel();
    if (version.state.state == ManagerState::kEnd) {
      ++version.wanted;
      Restart(&version);
    } else if (version.state.state == ManagerState::kLoading && waits) {
      ++version.wanted;
      SetState(&version, ManagerState::kStart, absl::OkStatus());
    } else if (version.state.state == ManagerState::kLoading) {
      // It is being tried at this moment.
      SetState(&version, ManagerState::kLoading, absl::OkStatus());
    }
  }
}

absl::optional<VersionAction> VersionTable::NextAction(const AspiredVersionPolicy& policy, bool shutting_down) const {
  std::vector<VersionSnapshot> snapshots;
  for (const auto& [number, version] : entries_) {
    const ManagerState state = version.state.state;
    if (shutting_down && state == ManagerState::kAvailable) {
      return VersionAction{VersionAction::Kind::kUnload, number};
    }
    if (state == ManagerState::kEnd && !version.is_aspired) continue;
    snapshots.push_back(VersionSnapshot{number, state, version.is_aspired});
  }
  if (shutting_down) return absl::nullopt;
  absl::optional<VersionAction> action = policy.NextAction(snapshots);
  if (!action) return action;
  // A policy is somebody else's code; what cannot be done is not done.
  const auto it = entries_.find(action->version);
  const ManagerState needed =
      action->kind == VersionAction::Kind::kLoad ? ManagerState::kStart : ManagerState::kAvailable;
  if (it == entries_.end() || it->second.state.state != needed) return absl::nullopt;
  return action;
}

void VersionTable::SetState(VersionEntry* version, ManagerState state, absl::Status status) {
  const bool was_available = version->state.state == ManagerState::kAvailable;
  version->state.state = state;
  version->state.status = std::move(status);
  events_.push_back(version->state);
  if (was_available || state == ManagerState::kAvailable) UpdateLatest();
}

void VersionTable::End(VersionEntry* version, absl::Status status) {
  version->ended_at = ++num_ended_;
  SetState(version, ManagerState::kEnd, std::move(status));
  Restart(version);
}

void VersionTable::Restart(VersionEntry* version) {
  if (version->state.state != ManagerState::kEnd || !version->is_aspired) return;
  if (version->wanted != version->tried) SetState(version, ManagerState::kStart, absl::OkStatus());
}

void VersionTable::Fail(VersionEntry* version, uint64_t wanted, absl::Status error, const ManagerOptions& options) {
  if (!version->is_aspired || version->wanted != wanted) return End(version, std::move(error));
  if (version->retries.NoteFailure(options, std::chrono::steady_clock::now())) {
    return SetState(version, ManagerState::kLoading, std::move(error));
  }
  End(version, std::move(error));
}

absl::optional<VersionTable::TimePoint> VersionTable::NextRetry() const {
  absl::optional<TimePoint> next;
  for (const auto& entry : entries_) {
    const auto& retry = entry.second.retries.next();
    if (retry && (!next || *retry < *next)) next = retry;
  }
  return next;
}

bool VersionTable::HasEnded() const {
  return std::all_of(entries_.begin(), entries_.end(),
                     [](const auto& entry) { return entry.second.state.state == ManagerState::kEnd; });
}

void VersionTable::ForgetOldest(int limit) {
  std::vector<std::pair<uint64_t, int64_t>> ended;
  for (const auto& [number, version] : entries_) {
    if (version.state.state == ManagerState::kEnd && !version.is_aspired) ended.emplace_back(version.ended_at, number);
  }
  std::sort(ended.begin(), ended.end());
  const size_t kept = static_cast<size_t>(std::max(0, limit));
  for (size_t i = 0; i + kept < ended.size(); ++i) entries_.erase(ended[i].second);
}

std::vector<ServableState> VersionTable::TakeEvents() { return std::exchange(events_, {}); }

void VersionTable::UpdateLatest() {
  latest_ = nullptr;
  for (const auto& entry : entries_) {
    if (entry.second.state.state == ManagerState::kAvailable) latest_ = &entry.second;
  }
}

}  // namespace trilho

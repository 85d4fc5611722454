#include "cpp_server/core/model_harness.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include "absl/strings/str_cat.h"
#include "cpp_server/core/thread.h"

namespace trilho {
namespace {

using std::chrono::steady_clock;

// The object is the servable, which the lease does not own: its end is only a signal.
std::shared_ptr<const void> MakeLease(const Servable* servable, std::shared_ptr<ControlSignal> signal,
                                      std::shared_ptr<std::atomic<bool>> drained) {
  return std::shared_ptr<const void>(servable, [signal = std::move(signal), drained = std::move(drained)](const void*) {
    drained->store(true, std::memory_order_release);
    signal->Raise();
  });
}

}  // namespace

ModelHarness::ModelHarness(std::string name, ManagerOptions options, std::function<void()> on_retired)
    : name_(std::move(name)),
      options_(std::move(options)),
      on_retired_(std::move(on_retired)),
      control_thread_(StartThread(absl::StrCat("load ", name_), [this] { Run(); })) {}

ModelHarness::~ModelHarness() {
  BeginShutdown();
  Join();
}

void ModelHarness::Join() {
  if (control_thread_.ok() && control_thread_->joinable()) control_thread_->join();
}

bool ModelHarness::SetAspired(const std::vector<AspiredVersion>& aspired,
                              const std::vector<RejectedVersion>& rejected) {
  std::map<int64_t, const std::string*> paths;
  for (const AspiredVersion& a : aspired) paths[a.version] = &a.path;
  {
    MutexLock lock(&mu_);
    if (has_retired_) return false;
    if (shutting_down_) return true;
    retiring_ = false;
    for (auto& [number, version] : versions_) {
      if (paths.count(number) == 0) version.is_aspired = false;
    }
    for (const auto& [number, path] : paths) {
      const auto [it, is_new] = versions_.try_emplace(number);
      Version& version = it->second;
      if (!version.is_aspired || version.path != *path) {
        ++version.wanted;
        version.retries.Reset();
      }
      version.is_aspired = true;
      version.path = *path;
      if (is_new) {
        version.state.id = ServableId{name_, number};
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
        events_.push_back(ServableState{ServableId{name_, r.version}, ManagerState::kEnd, r.reason});
      }
    }
    rejected_ = std::move(now_rejected);
  }
  signal_->Raise();
  return true;
}

void ModelHarness::Retire() {
  {
    MutexLock lock(&mu_);
    for (auto& entry : versions_) entry.second.is_aspired = false;
    rejected_.clear();
    retiring_ = true;
  }
  signal_->Raise();
}

bool ModelHarness::is_retiring() const {
  MutexLock lock(&mu_);
  return retiring_;
}

bool ModelHarness::Keep() {
  MutexLock lock(&mu_);
  if (has_retired_) return false;
  retiring_ = false;
  return true;
}

bool ModelHarness::has_retired() const {
  MutexLock lock(&mu_);
  return has_retired_;
}

void ModelHarness::BeginShutdown() {
  {
    MutexLock lock(&mu_);
    shutting_down_ = true;
    for (auto& entry : versions_) entry.second.is_aspired = false;
  }
  signal_->Raise();
}

ServableHandle<Servable> ModelHarness::GetHandle(absl::optional<int64_t> version) const {
  MutexLock lock(&mu_);
  const Version* found = latest_;
  if (version.has_value()) {
    const auto it = versions_.find(*version);
    found = it != versions_.end() && it->second.lease != nullptr ? &it->second : nullptr;
  }
  if (found == nullptr) return ServableHandle<Servable>();
  return ServableHandle<Servable>(found->lease, found->loaded.servable.get(), found->state.id.version);
}

std::vector<ServableState> ModelHarness::GetStates() const {
  std::map<int64_t, ServableState> states;
  {
    MutexLock lock(&mu_);
    for (const auto& [number, version] : versions_) {
      ServableState& state = states[number] = version.state;
      if (version.progress != nullptr) state.progress = version.progress->Describe();
    }
    for (const auto& [number, reason] : rejected_) {
      const auto [it, is_new] = states.try_emplace(number);
      if (is_new || it->second.state == ManagerState::kEnd) {
        it->second = ServableState{ServableId{name_, number}, ManagerState::kEnd, reason};
      }
    }
  }
  std::vector<ServableState> result;
  result.reserve(states.size());
  for (auto it = states.rbegin(); it != states.rend(); ++it) result.push_back(std::move(it->second));
  return result;
}

std::set<int64_t> ModelHarness::GetFailing() const {
  MutexLock lock(&mu_);
  std::set<int64_t> failing;
  for (const auto& [number, version] : versions_) {
    if (version.is_aspired && version.retries.failures() > 0) failing.insert(number);
  }
  return failing;
}

std::set<int64_t> ModelHarness::GetRetriable() const {
  std::set<int64_t> retriable = GetFailing();
  MutexLock lock(&mu_);
  for (const auto& entry : rejected_) retriable.insert(entry.first);
  return retriable;
}

void ModelHarness::Retry(const std::set<int64_t>& versions) {
  {
    MutexLock lock(&mu_);
    for (auto& [number, version] : versions_) {
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
  signal_->Raise();
}

Settlement ModelHarness::GetSettlement() const {
  MutexLock lock(&mu_);
  if (latest_ != nullptr) return Settlement::kAvailable;
  bool failed = false;
  for (const auto& entry : versions_) {
    const ServableState& state = entry.second.state;
    if (state.state == ManagerState::kStart || state.state == ManagerState::kLoading) return Settlement::kPending;
    failed |= state.state == ManagerState::kEnd && !state.status.ok();
  }
  for (const auto& entry : rejected_) {
    if (absl::IsUnavailable(entry.second)) return Settlement::kPending;
    failed = true;
  }
  return failed ? Settlement::kFailed : Settlement::kPending;
}

void ModelHarness::Run() {
  for (;;) {
    const bool progress = Step();
    DeliverEvents();
    if (progress) continue;
    if (IsDone()) break;
    const auto retry = NextRetry();
    if (retry) {
      signal_->WaitUntil(*retry);
    } else {
      signal_->Wait();
    }
  }
  if (on_retired_ && has_retired()) on_retired_();
}

bool ModelHarness::Step() {
  if (ReapDrained() || CancelUnwanted() || RetryFailed()) return true;
  absl::optional<VersionAction> action;
  {
    MutexLock lock(&mu_);
    ForgetOldest();
    action = NextAction();
  }
  if (!action) return false;
  if (action->kind == VersionAction::Kind::kLoad) {
    Load(action->version);
  } else {
    BeginUnload(action->version);
  }
  return true;
}

absl::optional<VersionAction> ModelHarness::NextAction() const {
  std::vector<VersionSnapshot> snapshots;
  for (const auto& [number, version] : versions_) {
    const ManagerState state = version.state.state;
    if (shutting_down_ && state == ManagerState::kAvailable) {
      return VersionAction{VersionAction::Kind::kUnload, number};
    }
    if (state == ManagerState::kEnd && !version.is_aspired) continue;
    snapshots.push_back(VersionSnapshot{number, state, version.is_aspired});
  }
  if (shutting_down_) return absl::nullopt;
  absl::optional<VersionAction> action = options_.policy->NextAction(snapshots);
  if (!action) return action;
  // A policy is somebody else's code; what cannot be done is not done.
  const auto it = versions_.find(action->version);
  const ManagerState needed =
      action->kind == VersionAction::Kind::kLoad ? ManagerState::kStart : ManagerState::kAvailable;
  if (it == versions_.end() || it->second.state.state != needed) return absl::nullopt;
  return action;
}

void ModelHarness::Load(int64_t number) {
  Version* version = nullptr;
  std::string path;
  uint64_t wanted = 0;
  int tries = 0;
  const auto progress = std::make_shared<LoadProgress>();
  {
    MutexLock lock(&mu_);
    version = &versions_.at(number);
    path = version->path;
    wanted = version->tried = version->wanted;
    tries = version->retries.failures() + 1;
    version->retries.Cancel();
    version->progress = progress;
    // A version that is tried again stays listed with the reason.
    if (version->state.state != ManagerState::kLoading) SetState(version, ManagerState::kLoading, absl::OkStatus());
  }
  DeliverEvents();

  const ServableId id{name_, number};
  absl::StatusOr<LoadedVersion> loaded = LoadVersion(options_.loader_factory, id, path, tries, progress);
  {
    MutexLock lock(&mu_);
    version->progress = nullptr;
    if (!loaded.ok()) return Fail(version, wanted, loaded.status());
    if (version->is_aspired) {
      version->loaded = *std::move(loaded);
      version->drained = std::make_shared<std::atomic<bool>>(false);
      version->lease = MakeLease(version->loaded.servable.get(), signal_, version->drained);
      version->retries.Reset();
      SetState(version, ManagerState::kAvailable, absl::OkStatus());
      UpdateLatest();
      return;
    }
  }
  // A version that was withdrawn meanwhile, perhaps because it is bad, answers nobody.
  UnloadVersion(*std::move(loaded));
  MutexLock lock(&mu_);
  End(version, absl::CancelledError(absl::StrCat(id.DebugString(), " was withdrawn while it was loaded")));
}

void ModelHarness::Fail(Version* version, uint64_t wanted, absl::Status error) {
  if (!version->is_aspired || version->wanted != wanted) return End(version, std::move(error));
  if (version->retries.NoteFailure(options_, steady_clock::now())) {
    return SetState(version, ManagerState::kLoading, std::move(error));
  }
  End(version, std::move(error));
}

void ModelHarness::BeginUnload(int64_t number) {
  std::shared_ptr<const void> lease;  // dropped after the lock
  MutexLock lock(&mu_);
  Version& version = versions_.at(number);
  lease = std::move(version.lease);
  SetState(&version, ManagerState::kUnloading, absl::OkStatus());
  UpdateLatest();
}

bool ModelHarness::ReapDrained() {
  Version* drained = nullptr;
  LoadedVersion loaded;
  {
    MutexLock lock(&mu_);
    for (auto& entry : versions_) {
      Version& version = entry.second;
      if (version.state.state == ManagerState::kUnloading && version.drained->load(std::memory_order_acquire)) {
        drained = &version;
        break;
      }
    }
    if (drained == nullptr) return false;
    loaded = std::move(drained->loaded);
  }
  UnloadVersion(std::move(loaded));
  MutexLock lock(&mu_);
  drained->drained.reset();
  End(drained, absl::OkStatus());
  return true;
}

bool ModelHarness::CancelUnwanted() {
  MutexLock lock(&mu_);
  for (auto& entry : versions_) {
    Version& version = entry.second;
    if (version.state.state == ManagerState::kStart && !version.is_aspired) {
      End(&version,
          absl::CancelledError(absl::StrCat(version.state.id.DebugString(), " was withdrawn before it was loaded")));
      return true;
    }
    if (version.state.state == ManagerState::kLoading && (!version.is_aspired || version.wanted != version.tried)) {
      version.retries.Cancel();
      End(&version, version.state.status);
      return true;
    }
  }
  return false;
}

bool ModelHarness::RetryFailed() {
  bool any = false;
  absl::optional<int64_t> goes_on;
  {
    MutexLock lock(&mu_);
    const auto now = steady_clock::now();
    for (auto& [number, version] : versions_) {
      if (!version.retries.IsDue(now)) continue;
      any = true;
      version.retries.Cancel();
      if (version.state.state == ManagerState::kLoading) {
        goes_on = number;
        break;
      }
      if (!version.is_aspired || version.state.state != ManagerState::kEnd) continue;
      ++version.wanted;
      Restart(&version);
    }
  }
  if (goes_on) Load(*goes_on);
  return any;
}

absl::optional<steady_clock::time_point> ModelHarness::NextRetry() const {
  MutexLock lock(&mu_);
  absl::optional<steady_clock::time_point> next;
  for (const auto& entry : versions_) {
    const auto& retry = entry.second.retries.next();
    if (retry && (!next || *retry < *next)) next = retry;
  }
  return next;
}

bool ModelHarness::IsDone() {
  MutexLock lock(&mu_);
  if (!shutting_down_ && !retiring_) return false;
  const bool ended = std::all_of(versions_.begin(), versions_.end(),
                                 [](const auto& entry) { return entry.second.state.state == ManagerState::kEnd; });
  has_retired_ = ended && !shutting_down_;
  return ended;
}

void ModelHarness::DeliverEvents() {
  std::vector<ServableState> events;
  {
    MutexLock lock(&mu_);
    events.swap(events_);
  }
  if (!options_.on_state_change) return;
  for (const ServableState& event : events) options_.on_state_change(event);
}

void ModelHarness::SetState(Version* version, ManagerState state, absl::Status status) {
  version->state.state = state;
  version->state.status = std::move(status);
  events_.push_back(version->state);
}

void ModelHarness::End(Version* version, absl::Status status) {
  version->ended_at = ++num_ended_;
  SetState(version, ManagerState::kEnd, std::move(status));
  Restart(version);
}

void ModelHarness::Restart(Version* version) {
  if (version->state.state != ManagerState::kEnd || !version->is_aspired) return;
  if (version->wanted != version->tried) SetState(version, ManagerState::kStart, absl::OkStatus());
}

void ModelHarness::ForgetOldest() {
  std::vector<std::pair<uint64_t, int64_t>> ended;
  for (const auto& [number, version] : versions_) {
    if (version.state.state == ManagerState::kEnd && !version.is_aspired) ended.emplace_back(version.ended_at, number);
  }
  std::sort(ended.begin(), ended.end());
  const size_t limit = static_cast<size_t>(std::max(0, options_.max_ended_states));
  for (size_t i = 0; i + limit < ended.size(); ++i) versions_.erase(ended[i].second);
}

void ModelHarness::UpdateLatest() {
  latest_ = nullptr;
  for (const auto& entry : versions_) {
    if (entry.second.state.state == ManagerState::kAvailable) latest_ = &entry.second;
  }
}

}  // namespace trilho

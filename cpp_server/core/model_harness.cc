#include "cpp_server/core/model_harness.h"

#include <pthread.h>

#include <algorithm>
#include <chrono>
#include <utility>

#include "absl/strings/str_cat.h"

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

absl::Status LoadError(const ServableId& id, const std::string& path, int tries, const absl::Status& reason) {
  return absl::Status(reason.code(), absl::StrCat("Failed to load ", id.DebugString(), " from ", path, " (try ", tries,
                                                  "): ", reason.message()));
}

}  // namespace

ModelHarness::ModelHarness(std::string name, ManagerOptions options)
    : name_(std::move(name)), options_(std::move(options)), control_thread_([this] { Run(); }) {
  // For top -H; the kernel keeps 15 characters.
  pthread_setname_np(control_thread_.native_handle(), absl::StrCat("load ", name_).substr(0, 15).c_str());
}

ModelHarness::~ModelHarness() {
  BeginShutdown();
  Join();
}

void ModelHarness::Join() {
  if (control_thread_.joinable()) control_thread_.join();
}

void ModelHarness::SetAspired(const std::vector<AspiredVersion>& aspired,
                              const std::vector<RejectedVersion>& rejected) {
  std::map<int64_t, const std::string*> paths;
  for (const AspiredVersion& a : aspired) paths[a.version] = &a.path;
  {
    MutexLock lock(&mu_);
    if (shutting_down_) return;
    for (auto& [number, version] : versions_) {
      if (paths.count(number) == 0) version.is_aspired = false;
    }
    for (const auto& [number, path] : paths) {
      const auto [it, is_new] = versions_.try_emplace(number);
      Version& version = it->second;
      if (!version.is_aspired || version.path != *path) {
        ++version.wanted;
        version.failures = 0;
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
  return ServableHandle<Servable>(found->lease, found->servable.get(), found->state.id.version);
}

std::vector<ServableState> ModelHarness::GetStates() const {
  std::map<int64_t, ServableState> states;
  {
    MutexLock lock(&mu_);
    for (const auto& [number, version] : versions_) states[number] = version.state;
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
    if (IsDone()) return;
    const auto retry = NextRetry();
    if (retry) {
      signal_->WaitUntil(*retry);
    } else {
      signal_->Wait();
    }
  }
}

bool ModelHarness::Step() {
  if (ReapDrained() || CancelUnstarted() || RetryFailed()) return true;
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
  int max_retries = 0;
  {
    MutexLock lock(&mu_);
    version = &versions_.at(number);
    max_retries = version->failures == 0 ? options_.max_num_load_retries : 0;
    path = version->path;
    wanted = version->tried = version->wanted;
    SetState(version, ManagerState::kLoading, absl::OkStatus());
  }
  DeliverEvents();

  const ServableId id{name_, number};
  std::unique_ptr<Loader> loader = options_.loader_factory(id, path);
  absl::StatusOr<std::unique_ptr<Servable>> servable = LoadWithRetries(id, path, wanted, max_retries, loader.get());
  if (servable.ok()) {
    MutexLock lock(&mu_);
    if (version->is_aspired) {
      version->loader = std::move(loader);
      version->servable = *std::move(servable);
      version->drained = std::make_shared<std::atomic<bool>>(false);
      version->lease = MakeLease(version->servable.get(), signal_, version->drained);
      version->failures = 0;
      SetState(version, ManagerState::kAvailable, absl::OkStatus());
      UpdateLatest();
      return;
    }
  }
  // A version that was withdrawn meanwhile, perhaps because it is bad, answers nobody.
  absl::Status status = servable.ok()
                            ? absl::CancelledError(absl::StrCat(id.DebugString(), " was withdrawn while it was loaded"))
                            : servable.status();
  if (servable.ok()) {
    servable->reset();
    loader->AfterUnload();
  }
  loader.reset();
  MutexLock lock(&mu_);
  End(version, std::move(status));
}

absl::StatusOr<std::unique_ptr<Servable>> ModelHarness::LoadWithRetries(const ServableId& id, const std::string& path,
                                                                        uint64_t wanted, int max_retries,
                                                                        Loader* loader) {
  if (loader == nullptr) return LoadError(id, path, 1, absl::InternalError("there is no loader for it"));
  for (int tries = 1;; ++tries) {
    absl::StatusOr<std::unique_ptr<Servable>> servable = loader->Load();
    if (servable.ok() && *servable == nullptr) servable = absl::InternalError("the loader returned nothing");
    if (servable.ok()) return servable;
    absl::Status error = LoadError(id, path, tries, servable.status());
    if (tries > max_retries) return error;
    {
      MutexLock lock(&mu_);
      SetState(&versions_.at(id.version), ManagerState::kLoading, error);
    }
    DeliverEvents();
    if (!WaitForRetry(id.version, wanted)) return error;
  }
}

bool ModelHarness::WaitForRetry(int64_t version, uint64_t wanted) {
  // Bounded, because a deadline far enough away overflows the clock.
  const auto interval = std::min<std::chrono::microseconds>(options_.load_retry_interval, std::chrono::hours(24 * 365));
  const auto deadline = steady_clock::now() + interval;
  while (IsWanted(version, wanted) && steady_clock::now() < deadline) {
    signal_->WaitUntil(deadline);
    while (ReapDrained()) {
    }
    DeliverEvents();
  }
  return IsWanted(version, wanted);
}

bool ModelHarness::IsWanted(int64_t number, uint64_t wanted) const {
  MutexLock lock(&mu_);
  const Version& version = versions_.at(number);
  return version.is_aspired && version.wanted == wanted;
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
  std::unique_ptr<Servable> servable;
  std::unique_ptr<Loader> loader;
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
    servable = std::move(drained->servable);
    loader = std::move(drained->loader);
  }
  servable.reset();
  loader->AfterUnload();
  loader.reset();
  MutexLock lock(&mu_);
  drained->drained.reset();
  End(drained, absl::OkStatus());
  return true;
}

bool ModelHarness::CancelUnstarted() {
  MutexLock lock(&mu_);
  for (auto& entry : versions_) {
    Version& version = entry.second;
    if (version.state.state != ManagerState::kStart || version.is_aspired) continue;
    End(&version,
        absl::CancelledError(absl::StrCat(version.state.id.DebugString(), " was withdrawn before it was loaded")));
    return true;
  }
  return false;
}

bool ModelHarness::RetryFailed() {
  MutexLock lock(&mu_);
  const auto now = steady_clock::now();
  bool any = false;
  for (auto& entry : versions_) {
    Version& version = entry.second;
    if (!version.retry_at || *version.retry_at > now) continue;
    version.retry_at.reset();
    if (!version.is_aspired || version.state.state != ManagerState::kEnd) continue;
    ++version.wanted;
    Restart(&version);
    any = true;
  }
  return any;
}

absl::optional<steady_clock::time_point> ModelHarness::NextRetry() const {
  MutexLock lock(&mu_);
  absl::optional<steady_clock::time_point> next;
  for (const auto& entry : versions_) {
    const auto& retry_at = entry.second.retry_at;
    if (retry_at && (!next || *retry_at < *next)) next = retry_at;
  }
  return next;
}

void ModelHarness::ScheduleRetry(Version* version) {
  version->retry_at.reset();
  const bool failed = version->state.state == ManagerState::kEnd && !version->state.status.ok();
  if (!failed || !version->is_aspired || shutting_down_ || options_.failed_backoff.count() <= 0) return;
  std::chrono::milliseconds wait = std::min(options_.failed_backoff, options_.max_failed_backoff);
  for (int i = 0; i < version->failures && wait < options_.max_failed_backoff; ++i) wait *= 2;
  ++version->failures;
  version->retry_at = steady_clock::now() + std::min(wait, options_.max_failed_backoff);
}

bool ModelHarness::IsDone() const {
  MutexLock lock(&mu_);
  if (!shutting_down_) return false;
  return std::all_of(versions_.begin(), versions_.end(),
                     [](const auto& entry) { return entry.second.state.state == ManagerState::kEnd; });
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
  ScheduleRetry(version);
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

#include "cpp_server/core/model_harness.h"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <utility>

#include "absl/strings/str_cat.h"
#include "cpp_server/core/load_progress.h"
#include "cpp_server/core/loaded_version.h"
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
      versions_(name_),
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
  {
    MutexLock lock(&mu_);
    if (has_retired_) return false;
    if (shutting_down_) return true;
    retiring_ = false;
    versions_.SetAspired(aspired, rejected);
  }
  signal_->Raise();
  return true;
}

void ModelHarness::Retire() {
  {
    MutexLock lock(&mu_);
    versions_.Withdraw();
    versions_.ForgetRejected();
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
    versions_.Withdraw();
  }
  signal_->Raise();
}

ServableHandle<Servable> ModelHarness::GetHandle(absl::optional<int64_t> version) const {
  MutexLock lock(&mu_);
  const VersionEntry* const found = versions_.FindAvailable(version);
  if (found == nullptr) return ServableHandle<Servable>();
  return ServableHandle<Servable>(found->lease, found->loaded.servable.get(), found->state.id.version);
}

std::vector<ServableState> ModelHarness::GetStates() const {
  MutexLock lock(&mu_);
  return versions_.States();
}

std::set<int64_t> ModelHarness::GetFailing() const {
  MutexLock lock(&mu_);
  return versions_.Failing();
}

std::set<int64_t> ModelHarness::GetRetriable() const {
  MutexLock lock(&mu_);
  return versions_.Retriable();
}

void ModelHarness::Retry(const std::set<int64_t>& versions) {
  {
    MutexLock lock(&mu_);
    versions_.Retry(versions);
  }
  signal_->Raise();
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
    versions_.ForgetOldest(options_.max_ended_states);
    action = versions_.NextAction(*options_.policy, shutting_down_);
  }
  if (!action) return false;
  if (action->kind == VersionAction::Kind::kLoad) {
    Load(action->version);
  } else {
    BeginUnload(action->version);
  }
  return true;
}

void ModelHarness::Load(int64_t number) {
  VersionEntry* version = nullptr;
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
    if (version->state.state != ManagerState::kLoading)
      versions_.SetState(version, ManagerState::kLoading, absl::OkStatus());
  }
  DeliverEvents();

  const ServableId id{name_, number};
  absl::StatusOr<LoadedVersion> loaded = LoadVersion(options_.loader_factory, id, path, tries, progress);
  {
    MutexLock lock(&mu_);
    version->progress = nullptr;
    if (!loaded.ok()) return versions_.Fail(version, wanted, loaded.status(), options_);
    if (version->is_aspired) {
      version->loaded = *std::move(loaded);
      version->drained = std::make_shared<std::atomic<bool>>(false);
      version->lease = MakeLease(version->loaded.servable.get(), signal_, version->drained);
      version->retries.Reset();
      versions_.SetState(version, ManagerState::kAvailable, absl::OkStatus());
      return;
    }
  }
  // A version that was withdrawn meanwhile, perhaps because it is bad, answers nobody.
  UnloadVersion(*std::move(loaded));
  MutexLock lock(&mu_);
  versions_.End(version, absl::CancelledError(absl::StrCat(id.DebugString(), " was withdrawn while it was loaded")));
}

void ModelHarness::BeginUnload(int64_t number) {
  std::shared_ptr<const void> lease;  // dropped after the lock
  MutexLock lock(&mu_);
  VersionEntry& version = versions_.at(number);
  lease = std::move(version.lease);
  versions_.SetState(&version, ManagerState::kUnloading, absl::OkStatus());
}

bool ModelHarness::ReapDrained() {
  VersionEntry* drained = nullptr;
  LoadedVersion loaded;
  {
    MutexLock lock(&mu_);
    for (auto& entry : versions_.entries()) {
      VersionEntry& version = entry.second;
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
  versions_.End(drained, absl::OkStatus());
  return true;
}

bool ModelHarness::CancelUnwanted() {
  MutexLock lock(&mu_);
  for (auto& entry : versions_.entries()) {
    VersionEntry& version = entry.second;
    if (version.state.state == ManagerState::kStart && !version.is_aspired) {
      versions_.End(&version, absl::CancelledError(
                                  absl::StrCat(version.state.id.DebugString(), " was withdrawn before it was loaded")));
      return true;
    }
    if (version.state.state == ManagerState::kLoading && (!version.is_aspired || version.wanted != version.tried)) {
      version.retries.Cancel();
      versions_.End(&version, version.state.status);
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
    for (auto& [number, version] : versions_.entries()) {
      if (!version.retries.IsDue(now)) continue;
      any = true;
      version.retries.Cancel();
      if (version.state.state == ManagerState::kLoading) {
        goes_on = number;
        break;
      }
      if (!version.is_aspired || version.state.state != ManagerState::kEnd) continue;
      ++version.wanted;
      versions_.Restart(&version);
    }
  }
  if (goes_on) Load(*goes_on);
  return any;
}

absl::optional<steady_clock::time_point> ModelHarness::NextRetry() const {
  MutexLock lock(&mu_);
  return versions_.NextRetry();
}

bool ModelHarness::IsDone() {
  MutexLock lock(&mu_);
  if (!shutting_down_ && !retiring_) return false;
  const bool ended = versions_.HasEnded();
  has_retired_ = ended && !shutting_down_;
  return ended;
}

void ModelHarness::DeliverEvents() {
  std::vector<ServableState> events;
  {
    MutexLock lock(&mu_);
    events = versions_.TakeEvents();
  }
  if (!options_.on_state_change) return;
  for (const ServableState& event : events) options_.on_state_change(event);
}

}  // namespace trilho

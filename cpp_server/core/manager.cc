#include "cpp_server/core/manager.h"

#include <algorithm>
#include <memory>

namespace trilho {

std::string ServableRequest::DebugString() const {
  if (version.has_value()) return absl::StrCat("Specific(", name, ", ", *version, ")");
  return absl::StrCat("Latest(", name, ")");
}

Manager::Manager(Options options)
    : options_([&options] {
        if (options.policy == nullptr) options.policy = std::make_shared<AvailabilityPreservingPolicy>();
        return std::move(options);
      }()) {}

Manager::~Manager() {
  // All at once, so that the slowest model decides how long this takes, not the sum.
  for (const auto& entry : models_.Entries()) entry.second->BeginShutdown();
  // Before any of them is destroyed, because on_state_change may look at all of them.
  for (const auto& entry : models_.Entries()) entry.second->Join();
}

void Manager::SetAspiredVersions(const AspiredVersions& versions) {
  ModelHarness* const model = models_.FindOrInsert(versions.model, [this, &versions] {
    Options options = options_;
    options.on_state_change = [this](const ServableState& state) {
      if (options_.on_state_change) options_.on_state_change(state);
      NoteChange();
    };
    return std::make_unique<ModelHarness>(versions.model, std::move(options));
  });
  model->SetAspired(versions.aspired, versions.rejected);
  NoteChange();
}

absl::StatusOr<ServableHandle<Servable>> Manager::GetUntypedServableHandle(const ServableRequest& request) const {
  if (const ModelHarness* model = models_.Find(request.name)) {
    ServableHandle<Servable> handle = model->GetHandle(request.version);
    if (handle) return handle;
  }
  return absl::NotFoundError(absl::StrCat("Servable not found for request: ", request.DebugString()));
}

std::vector<ServableState> Manager::GetStates(absl::string_view name) const {
  const ModelHarness* const model = models_.Find(name);
  return model == nullptr ? std::vector<ServableState>() : model->GetStates();
}

std::map<std::string, std::vector<ServableState>> Manager::GetAllStates() const {
  std::map<std::string, std::vector<ServableState>> states;
  for (const auto& [name, model] : models_.Entries()) states[name] = model->GetStates();
  return states;
}

bool Manager::WaitUntilSettled(const std::vector<std::string>& names, std::chrono::milliseconds timeout) const {
  // Bounded, because a deadline far enough away overflows the clock.
  const auto deadline =
      std::chrono::steady_clock::now() + std::min<std::chrono::milliseconds>(timeout, std::chrono::hours(24 * 365));
  for (;;) {
    uint64_t seen = 0;
    {
      MutexLock lock(&changes_mu_);
      seen = changes_;
    }
    bool settled = true;
    bool available = true;
    for (const std::string& name : names) {
      const ModelHarness* const model = models_.Find(name);
      const Settlement settlement = model == nullptr ? Settlement::kPending : model->GetSettlement();
      settled &= settlement != Settlement::kPending;
      available &= settlement == Settlement::kAvailable;
    }
    if (settled) return available;
    MutexLock lock(&changes_mu_);
    while (changes_ == seen) {
      if (!changes_cv_.WaitUntil(&changes_mu_, deadline)) return false;
    }
  }
}

void Manager::NoteChange() {
  MutexLock lock(&changes_mu_);
  ++changes_;
  changes_cv_.NotifyAll();
}

}  // namespace trilho

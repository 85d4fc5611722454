#include "cpp_server/core/manager.h"

#include <algorithm>
#include <chrono>
#include <memory>

#include "cpp_server/core/thread.h"
#include "cpp_server/logging/log.h"

namespace trilho {
namespace {

// The time between two tries to have a thread for a model.
constexpr std::chrono::seconds kThreadRetry(1);

}  // namespace

std::string ServableRequest::DebugString() const {
  if (version.has_value()) return absl::StrCat("Specific(", name, ", ", *version, ")");
  return absl::StrCat("Latest(", name, ")");
}

Manager::Manager(Options options)
    : options_([&options] {
        if (options.policy == nullptr) options.policy = std::make_shared<AvailabilityPreservingPolicy>();
        return std::move(options);
      }()),
      janitor_(StartThread("retire models", [this] { Clear(); })) {}

Manager::~Manager() {
  {
    MutexLock lock(&retired_mu_);
    ending_ = true;
    retired_cv_.NotifyAll();
  }
  if (janitor_.ok()) janitor_->join();
  // All at once, so that the slowest model decides how long this takes, not the sum.
  for (const auto& entry : models_.Entries()) entry.second->BeginShutdown();
  // Before any of them is destroyed, because on_state_change may look at all of them.
  for (const auto& entry : models_.Entries()) entry.second->Join();
}

absl::StatusOr<std::shared_ptr<ModelHarness>> Manager::Model(const std::string& name, bool* is_new) {
  const std::shared_ptr<ModelHarness> model = models_.FindOrInsert(name, [this, &name, is_new] {
    if (is_new != nullptr) *is_new = true;
    Options options = options_;
    options.on_state_change = [this](const ServableState& state) {
      if (options_.on_state_change) options_.on_state_change(state);
      changes_->Note();
    };
    return std::make_shared<ModelHarness>(name, std::move(options), [this, name] { OnRetired(name); });
  });
  if (model->status().ok()) return model;
  models_.Erase(name, model.get());
  return model->status();
}

absl::Status Manager::Prepare(const std::vector<std::string>& models, std::vector<std::string>* prepared) {
  for (const std::string& name : models) {
    for (;;) {
      bool is_new = false;
      const auto model = Model(name, &is_new);
      if (!model.ok()) {
        GiveUp(*prepared);
        prepared->clear();
        return model.status();
      }
      const bool is_retiring = (*model)->is_retiring();
      if ((*model)->Keep()) {
        if (is_new || is_retiring) prepared->push_back(name);
        break;
      }
      // It had gone just then.
      Drop(name, *model);
    }
  }
  return absl::OkStatus();
}

void Manager::GiveUp(const std::vector<std::string>& models) {
  for (const std::string& name : models) {
    if (const auto model = models_.Find(name)) model->Retire();
  }
}

void Manager::SetAspiredVersions(const AspiredVersions& versions) {
  {
    MutexLock lock(&aspire_mu_);
    postponed_.erase(versions.model);
    Aspire(versions);
  }
  changes_->Note();
}

void Manager::Aspire(const AspiredVersions& versions) {
  if (!versions.is_watched) {
    if (const auto model = models_.Find(versions.model)) model->Retire();
    return;
  }
  for (;;) {
    const auto model = Model(versions.model);
    if (!model.ok()) {
      Log(Severity::kError, absl::StrCat("model ", versions.model, ": ", model.status().message(), "; tried again"));
      postponed_[versions.model] = versions;
      MutexLock lock(&retired_mu_);
      retry_ = true;
      retired_cv_.NotifyAll();
      return;
    }
    if ((*model)->SetAspired(versions.aspired, versions.rejected)) return;
    // It returned just when it had gone.
    Drop(versions.model, *model);
  }
}

void Manager::AspirePostponed() {
  {
    MutexLock lock(&aspire_mu_);
    for (const auto& entry : std::exchange(postponed_, {})) Aspire(entry.second);
  }
  changes_->Note();
}

void Manager::OnRetired(const std::string& name) {
  MutexLock lock(&retired_mu_);
  retired_.push_back(name);
  retired_cv_.NotifyAll();
}

void Manager::Clear() {
  for (;;) {
    std::string name;
    bool retry = false;
    {
      MutexLock lock(&retired_mu_);
      const auto again = std::chrono::steady_clock::now() + kThreadRetry;
      while (retired_.empty() && !ending_ && !retry) {
        if (!retry_) {
          retired_cv_.Wait(&retired_mu_);
        } else if (!retired_cv_.WaitUntil(&retired_mu_, again)) {
          retry = std::exchange(retry_, false);
        }
      }
      if (ending_) return;
      if (!retry) {
        name = std::move(retired_.front());
        retired_.pop_front();
      }
    }
    if (retry) {
      AspirePostponed();
      continue;
    }
    const std::shared_ptr<ModelHarness> model = models_.Find(name);
    if (model != nullptr && model->has_retired()) Drop(name, model);
  }
}

void Manager::Drop(const std::string& name, const std::shared_ptr<ModelHarness>& model) {
  {
    // Before it goes, so that there is no moment without.
    MutexLock lock(&former_mu_);
    const auto known = std::find_if(former_.begin(), former_.end(), [&name](const auto& f) { return f.first == name; });
    if (known != former_.end()) former_.erase(known);
    former_.emplace_back(name, model->GetStates());
    while (former_.size() > static_cast<size_t>(std::max(0, options_.max_former_models))) former_.pop_front();
  }
  models_.Erase(name, model.get());
}

absl::StatusOr<ServableHandle<Servable>> Manager::GetUntypedServableHandle(const ServableRequest& request) const {
  ServableHandle<Servable> handle =
      models_.With(request.name, [&request](ModelHarness& model) { return model.GetHandle(request.version); });
  if (handle) return handle;
  return absl::NotFoundError(absl::StrCat("Servable not found for request: ", request.DebugString()));
}

std::vector<ServableState> Manager::GetStates(absl::string_view name) const {
  if (const auto model = models_.Find(name)) return model->GetStates();
  MutexLock lock(&former_mu_);
  const auto known = std::find_if(former_.begin(), former_.end(), [name](const auto& f) { return f.first == name; });
  return known == former_.end() ? States() : known->second;
}

std::set<int64_t> Manager::GetFailing(absl::string_view name) const {
  const auto model = models_.Find(name);
  return model == nullptr ? std::set<int64_t>() : model->GetFailing();
}

std::set<int64_t> Manager::GetRetriable(absl::string_view name) const {
  const auto model = models_.Find(name);
  return model == nullptr ? std::set<int64_t>() : model->GetRetriable();
}

void Manager::Retry(absl::string_view name, const std::set<int64_t>& versions) {
  const auto model = models_.Find(name);
  if (model != nullptr) model->Retry(versions);
}

std::map<std::string, std::vector<ServableState>> Manager::GetAllStates() const {
  std::map<std::string, std::vector<ServableState>> states;
  for (const auto& [name, model] : models_.Entries()) states[name] = model->GetStates();
  return states;
}

}  // namespace trilho

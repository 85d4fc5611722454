#include "cpp_server/lifecycle/model_lifecycle.h"

#include <algorithm>
#include <utility>

namespace trilho {
namespace {

bool IsOnTheWay(const ServableState& state) {
  return state.state == ManagerState::kStart || state.state == ManagerState::kLoading;
}

// Returns true if a model has no available version but one that is expected to be complete soon.
bool IsBeingWritten(const std::vector<ServableState>& states) {
  bool available = false, written = false;
  for (const ServableState& state : states) {
    available |= state.state == ManagerState::kAvailable;
    written |= state.state == ManagerState::kEnd && absl::IsUnavailable(state.status);
  }
  return written && !available;
}

}  // namespace

ModelLifecycle::ModelLifecycle(Options options)
    : options_(options.watch),
      on_change_(std::move(options.on_change)),
      manager_(WatchedOptions(std::move(options.manager))) {}

ModelLifecycle::~ModelLifecycle() {
  std::vector<std::unique_ptr<ModelWatch>> watches;
  {
    MutexLock lock(&mu_);
    watches = std::move(ending_);
    for (Watches* const set : {&watches_, &prepared_watches_}) {
      for (auto& entry : *set) watches.push_back(std::move(entry.second));
      set->clear();
    }
  }
  // All at once, before the first is waited for.
  for (const auto& watch : watches) watch->Stop();
}

ManagerOptions ModelLifecycle::WatchedOptions(ManagerOptions options) {
  options.on_state_change = [this, told = std::move(options.on_state_change)](const ServableState& state) {
    if (told) told(state);
    OnStateChange(state);
  };
  return options;
}

void ModelLifecycle::OnStateChange(const ServableState& state) {
  if (on_change_) on_change_(state.id.name);
  // A version that fails, or loads at last, may change which ones should be served.
  if (state.status.ok() && state.state != ManagerState::kAvailable) return;
  MutexLock lock(&mu_);
  const auto watch = watches_.find(state.id.name);
  if (watch != watches_.end()) watch->second->NoteOutcome();
}

void ModelLifecycle::NoteChange(const std::string& model) {
  if (on_change_) on_change_(model);
  changes()->Note();
}

absl::Status ModelLifecycle::Begin() {
  MutexLock lock(&mu_);
  if (options_.poll_wait < std::chrono::milliseconds::zero()) return absl::OkStatus();
  std::vector<std::string> names;
  names.reserve(models_.size());
  for (const ModelLocation& model : models_) names.push_back(model.name);
  absl::Status prepared = PrepareWatches(names);
  if (!prepared.ok()) return prepared;
  begun_ = true;
  WatchModels();
  return absl::OkStatus();
}

absl::Status ModelLifecycle::Prepare(const std::vector<std::string>& models) {
  MutexLock lock(&mu_);
  if (options_.poll_wait < std::chrono::milliseconds::zero()) return absl::OkStatus();
  absl::Status prepared = manager_.Prepare(models, &prepared_models_);
  if (!prepared.ok() || !begun_) return prepared;
  prepared = PrepareWatches(models);
  if (!prepared.ok()) manager_.GiveUp(std::exchange(prepared_models_, {}));
  return prepared;
}

absl::Status ModelLifecycle::PrepareWatches(const std::vector<std::string>& models) {
  for (const std::string& model : models) {
    if (watches_.count(model) > 0) continue;
    auto watch = std::make_unique<ModelWatch>(model, options_, &manager_, [this, model] { NoteChange(model); });
    if (!watch->status().ok()) {
      prepared_watches_.clear();
      return watch->status();
    }
    prepared_watches_[model] = std::move(watch);
  }
  return absl::OkStatus();
}

void ModelLifecycle::GiveUp() {
  MutexLock lock(&mu_);
  prepared_watches_.clear();
  manager_.GiveUp(std::exchange(prepared_models_, {}));
}

void ModelLifecycle::SetModels(std::vector<ModelLocation> models) {
  MutexLock lock(&mu_);
  models_ = std::move(models);
  prepared_models_.clear();
  if (begun_) WatchModels();
}

void ModelLifecycle::WatchModels() {
  watches_.merge(std::exchange(prepared_watches_, {}));
  std::set<std::string> names;
  for (const ModelLocation& model : models_) names.insert(model.name);
  for (auto it = watches_.begin(); it != watches_.end();) {
    if (names.count(it->first) > 0) {
      ++it;
      continue;
    }
    it->second->End();
    ending_.push_back(std::move(it->second));
    it = watches_.erase(it);
  }
  ending_.erase(std::remove_if(ending_.begin(), ending_.end(), [](const auto& watch) { return watch->is_over(); }),
                ending_.end());
  for (const ModelLocation& model : models_) {
    const auto watch = watches_.find(model.name);
    if (watch != watches_.end()) watch->second->SetLocation(model);
  }
}

void ModelLifecycle::Retry(const std::string& model, const std::set<int64_t>& versions) {
  manager_.Retry(model, versions);
  MutexLock lock(&mu_);
  const auto watch = watches_.find(model);
  if (watch != watches_.end()) watch->second->LookAgain();
}

absl::optional<WatchReport> ModelLifecycle::Report(const std::string& model) const {
  MutexLock lock(&mu_);
  const auto watch = watches_.find(model);
  return watch == watches_.end() ? absl::nullopt : watch->second->report();
}

bool ModelLifecycle::IsSettled(const std::string& model, bool wait_for_writers) const {
  // Without looks nothing is ever chosen.
  if (options_.poll_wait < std::chrono::milliseconds::zero()) return true;
  const absl::optional<WatchReport> report = Report(model);
  if (!report) return false;
  // After that, so that what was chosen is in it.
  const std::vector<ServableState> states = manager_.GetStates(model);
  if (report->aspires && states.empty()) return false;
  bool available = false, unloading = false;
  for (const ServableState& state : states) {
    // A version that failed once and is to be tried again holds nothing up.
    if (IsOnTheWay(state) && state.status.ok()) return false;
    available |= state.state == ManagerState::kAvailable;
    unloading |= state.state == ManagerState::kUnloading;
  }
  if (available) return true;
  // A version that is wanted again while it is unloaded is loaded anew after that.
  if (report->aspires && unloading) return false;
  // It is still to be decided what follows from these failures.
  const std::set<int64_t> failing = manager_.GetFailing(model);
  if (report->problem.empty() &&
      !std::includes(report->failing.begin(), report->failing.end(), failing.begin(), failing.end())) {
    return false;
  }
  return !(wait_for_writers && IsBeingWritten(states));
}

absl::Status ModelLifecycle::Availability(const std::string& model) const {
  if (manager_.GetUntypedServableHandle({model, absl::nullopt}).ok()) return absl::OkStatus();
  for (const ServableState& state : manager_.GetStates(model)) {
    if (!state.status.ok()) return absl::UnavailableError(state.status.ToString());
  }
  const absl::optional<WatchReport> report = Report(model);
  const bool has_problem = report && !report->problem.empty();
  return absl::UnavailableError(has_problem ? report->problem : "it has no versions");
}

std::map<std::string, std::string> ModelLifecycle::Problems() const {
  MutexLock lock(&mu_);
  std::map<std::string, std::string> problems;
  for (const auto& [model, watch] : watches_) {
    const absl::optional<WatchReport> report = watch->report();
    if (report) problems[model] = report->problem;
  }
  return problems;
}

}  // namespace trilho

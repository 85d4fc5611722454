#include "cpp_server/server/readiness.h"

#include <utility>

namespace trilho {

Readiness::Readiness(const Manager* manager, bool counts_all_models)
    : manager_(manager), counts_all_models_(counts_all_models) {}

void Readiness::SetModels(const std::vector<std::string>& models) {
  MutexLock lock(&mu_);
  const std::set<std::string> names(models.begin(), models.end());
  if (!start_) start_ = names;
  for (auto model = available_.begin(); model != available_.end();) {
    if (names.count(model->first) > 0) {
      ++model;
      continue;
    }
    start_->erase(model->first);
    Tell(model->first, false);
    told_.erase(model->first);
    model = available_.erase(model);
  }
  for (const std::string& name : names) available_.emplace(name, false);
  LookAtAll();
  TellAll();
}

void Readiness::SetLoaded() {
  MutexLock lock(&mu_);
  loaded_ = true;
  LookAtAll();
  TellAll();
}

void Readiness::SetStopping() {
  MutexLock lock(&mu_);
  stopping_ = true;
  TellAll();
}

void Readiness::Note(const std::string& model) {
  MutexLock lock(&mu_);
  if (available_.count(model) == 0) return;
  Look(model);
  Tell(model, available_[model] && !stopping_);
  Tell("", IsServerReady());
}

void Readiness::SetListener(Listener listener) {
  MutexLock lock(&mu_);
  listener_ = std::move(listener);
  told_.clear();
  TellAll();
}

bool Readiness::IsReady() {
  MutexLock lock(&mu_);
  LookAtAll();
  TellAll();
  return IsServerReady();
}

bool Readiness::IsReady(const std::string& model) {
  const auto count = CountModel(model);
  return count && count->is_ready;
}

Readiness::Count Readiness::CountModels() {
  MutexLock lock(&mu_);
  LookAtAll();
  TellAll();
  Count count;
  count.is_ready = IsServerReady();
  for (const auto& [model, available] : available_) {
    if (!IsCounted(model)) continue;
    ++count.models;
    if (!available) ++count.lacking;
  }
  return count;
}

absl::optional<Readiness::Count> Readiness::CountModel(const std::string& model) {
  MutexLock lock(&mu_);
  if (available_.count(model) == 0) return absl::nullopt;
  Look(model);
  Tell(model, available_[model] && !stopping_);
  Tell("", IsServerReady());
  Count count;
  count.is_ready = available_[model] && !stopping_;
  count.models = 1;
  count.lacking = available_[model] ? 0 : 1;
  return count;
}

bool Readiness::IsStopping() const {
  MutexLock lock(&mu_);
  return stopping_;
}

bool Readiness::IsServerReady() const {
  if (!loaded_ || stopping_) return false;
  for (const auto& [model, available] : available_) {
    if (!available && IsCounted(model)) return false;
  }
  return true;
}

void Readiness::Look(const std::string& model) {
  available_[model] = manager_->GetUntypedServableHandle({model, absl::nullopt}).ok();
}

void Readiness::LookAtAll() {
  for (const auto& model : available_) Look(model.first);
}

void Readiness::Tell(const std::string& model, bool ready) {
  if (!listener_) return;
  const auto told = told_.find(model);
  if (told != told_.end() && told->second == ready) return;
  told_[model] = ready;
  listener_(model, ready);
}

void Readiness::TellAll() {
  for (const auto& [model, available] : available_) Tell(model, available && !stopping_);
  Tell("", IsServerReady());
}

}  // namespace trilho

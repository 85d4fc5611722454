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
  MutexLock lock(&mu_);
  if (available_.count(model) == 0) return false;
  Look(model);
  Tell(model, available_[model] && !stopping_);
  Tell("", IsServerReady());
  return available_[model] && !stopping_;
}

bool Readiness::IsStopping() const {
  MutexLock lock(&mu_);
  return stopping_;
}

bool Readiness::Counts(const std::string& model) const {
  MutexLock lock(&mu_);
  return available_.count(model) > 0 && (counts_all_models_ || start_->count(model) > 0);
}

bool Readiness::IsServerReady() const {
  if (!loaded_ || stopping_) return false;
  for (const auto& [model, available] : available_) {
    if (!available && (counts_all_models_ || start_->count(model) > 0)) return false;
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

#include "cpp_server/sources/disk/disk_source.h"

#include <algorithm>
#include <iterator>
#include <set>
#include <utility>

namespace trilho {

DiskSource::DiskSource(Options options) : models_(std::move(options.models)) {
  options_.poll_wait = options.poll_wait;
  options_.completeness = options.completeness;
  options_.settle_time = options.settle_time;
  options_.health = std::move(options.health);
  options_.on_error = std::move(options.on_error);
}

DiskSource::~DiskSource() {
  std::vector<std::unique_ptr<ModelWatch>> watches;
  {
    MutexLock lock(&mu_);
    watches = std::move(ending_);
    for (auto& entry : watches_) watches.push_back(std::move(entry.second));
    watches_.clear();
  }
  // All at once, before the first is waited for.
  for (const auto& watch : watches) watch->Stop();
}

absl::Status DiskSource::Start(AspiredVersionsCallback callback) {
  MutexLock lock(&mu_);
  if (options_.poll_wait < std::chrono::milliseconds::zero()) return absl::OkStatus();
  options_.callback = std::move(callback);
  return Watch(models_, generation_);
}

absl::Status DiskSource::SetModels(std::vector<ModelLocation> models, uint64_t generation) {
  MutexLock lock(&mu_);
  if (options_.callback) {
    absl::Status watched = Watch(models, generation);
    if (!watched.ok()) return watched;
  }
  models_ = std::move(models);
  generation_ = generation;
  return absl::OkStatus();
}

void DiskSource::LookAgain(const std::string& model) {
  MutexLock lock(&mu_);
  const auto found = watches_.find(model);
  if (found != watches_.end()) found->second->LookAgain();
}

void DiskSource::CheckHealth(const std::string& model) {
  MutexLock lock(&mu_);
  const auto found = watches_.find(model);
  if (found != watches_.end()) found->second->CheckHealth();
}

absl::Status DiskSource::Watch(const std::vector<ModelLocation>& models, uint64_t generation) {
  std::set<std::string> names;
  // All threads before any of them looks, so that there is nothing to take back.
  std::map<std::string, std::unique_ptr<ModelWatch>> added;
  for (const ModelLocation& model : models) {
    names.insert(model.name);
    if (watches_.count(model.name) > 0) continue;
    auto watch = std::make_unique<ModelWatch>(options_, model, generation);
    if (!watch->status().ok()) return watch->status();
    added[model.name] = std::move(watch);
  }
  for (auto it = watches_.begin(); it != watches_.end();) {
    if (names.count(it->first) > 0) {
      ++it;
      continue;
    }
    it->second->End(generation);
    ending_.push_back(std::move(it->second));
    it = watches_.erase(it);
  }
  ending_.erase(std::remove_if(ending_.begin(), ending_.end(), [](const auto& watch) { return watch->is_over(); }),
                ending_.end());
  for (const ModelLocation& model : models) {
    const auto watch = watches_.find(model.name);
    if (watch != watches_.end()) watch->second->Set(model, generation);
  }
  for (auto& entry : added) {
    entry.second->Begin();
    watches_[entry.first] = std::move(entry.second);
  }
  return absl::OkStatus();
}

}  // namespace trilho

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

void DiskSource::Start(AspiredVersionsCallback callback) {
  MutexLock lock(&mu_);
  if (options_.poll_wait < std::chrono::milliseconds::zero()) return;
  options_.callback = std::move(callback);
  Watch();
}

void DiskSource::SetModels(std::vector<ModelLocation> models, uint64_t generation) {
  MutexLock lock(&mu_);
  models_ = std::move(models);
  generation_ = generation;
  if (options_.callback) Watch();
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

void DiskSource::Watch() {
  std::set<std::string> names;
  for (const ModelLocation& model : models_) names.insert(model.name);
  for (auto it = watches_.begin(); it != watches_.end();) {
    if (names.count(it->first) > 0) {
      ++it;
      continue;
    }
    it->second->End(generation_);
    ending_.push_back(std::move(it->second));
    it = watches_.erase(it);
  }
  ending_.erase(std::remove_if(ending_.begin(), ending_.end(), [](const auto& watch) { return watch->is_over(); }),
                ending_.end());
  for (const ModelLocation& model : models_) {
    std::unique_ptr<ModelWatch>& watch = watches_[model.name];
    if (watch == nullptr) {
      watch = std::make_unique<ModelWatch>(options_, model, generation_);
    } else {
      watch->Set(model, generation_);
    }
  }
}

}  // namespace trilho

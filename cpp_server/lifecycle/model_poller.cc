#include "cpp_server/lifecycle/model_poller.h"

#include <algorithm>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "cpp_server/storage/stores.h"

namespace trilho {

ModelPoller::ModelPoller(CompletenessChecker::Options completeness, bool once)
    : stop_(completeness.stop), checker_(std::move(completeness)), selector_(once) {}

absl::optional<ModelPoller::Sight> ModelPoller::Look(const ModelLocation& location, const LoadOutcomes& outcomes) {
  Sight sight;
  absl::StatusOr<std::vector<StoredVersion>> present = List(location);
  if (!present.ok()) {
    sight.error = present.status();
    return sight;
  }
  std::set<std::string> paths;
  for (const StoredVersion& stored : *present) paths.insert(stored.path);
  checker_.BeginLook(paths);
  sight.choice = selector_.Select(location, *std::move(present), outcomes,
                                  [this](const StoredVersion& stored) -> absl::StatusOr<std::string> {
                                    if (IsStopped()) return absl::CancelledError("The watch ends");
                                    return checker_.Check(*store_, stored);
                                  });
  if (IsStopped()) return absl::nullopt;  // what was cancelled says nothing about the versions
  sight.is_pending = std::any_of(sight.choice.rejected.begin(), sight.choice.rejected.end(),
                                 [](const RejectedVersion& v) { return absl::IsUnavailable(v.reason); });
  return sight;
}

absl::StatusOr<std::vector<StoredVersion>> ModelPoller::List(const ModelLocation& location) {
  std::string base = location.base_path;
  if (location.resolve) {
    absl::StatusOr<std::string> resolved = location.resolve(base);
    if (!resolved.ok()) return resolved.status();
    base = *std::move(resolved);
  }
  if (store_ == nullptr) {
    auto store = OpenStore(base);
    if (!store.ok()) return store.status();
    store_ = *std::move(store);
  }
  return store_->List(base);
}

void ModelPoller::BeginAnew() {
  store_.reset();
  selector_.BeginAnew();
}

bool ModelPoller::IsStopped() const { return stop_ != nullptr && *stop_; }

}  // namespace trilho

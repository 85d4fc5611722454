#include "cpp_server/sources/disk/disk_poller.h"

#include <algorithm>
#include <set>
#include <utility>

#include "cpp_server/sources/disk/version_directory.h"

namespace trilho {
namespace {

bool IsSame(const AspiredVersions& a, const AspiredVersions& b) {
  return std::equal(a.aspired.begin(), a.aspired.end(), b.aspired.begin(), b.aspired.end(),
                    [](const AspiredVersion& x, const AspiredVersion& y) {
                      return x.version == y.version && x.path == y.path;
                    }) &&
         std::equal(a.rejected.begin(), a.rejected.end(), b.rejected.begin(), b.rejected.end(),
                    [](const RejectedVersion& x, const RejectedVersion& y) {
                      return x.version == y.version && x.reason == y.reason;
                    });
}

bool Aspires(const absl::optional<AspiredVersions>& versions, const VersionDirectory& directory) {
  if (!versions) return false;
  return std::any_of(versions->aspired.begin(), versions->aspired.end(), [&directory](const AspiredVersion& aspired) {
    return aspired.version == directory.version && aspired.path == directory.path;
  });
}

}  // namespace

DiskPoller::DiskPoller(CompletenessChecker::Options completeness, ModelErrorCallback on_error)
    : completeness_(std::move(completeness)), on_error_(std::move(on_error)) {}

bool DiskPoller::Poll(const std::vector<ModelLocation>& models, const Source::AspiredVersionsCallback& callback) {
  std::set<std::string> names;
  for (const ModelLocation& location : models) names.insert(location.name);
  for (auto it = models_.begin(); it != models_.end();) {
    if (names.count(it->first) > 0) {
      ++it;
      continue;
    }
    AspiredVersions nothing;
    nothing.model = it->first;
    if (it->second->told) callback(nothing);
    it = models_.erase(it);
  }
  bool pending = false;
  for (const ModelLocation& location : models) {
    if (IsStopped()) break;
    std::unique_ptr<Model>& model = models_[location.name];
    if (model == nullptr) model = std::make_unique<Model>(completeness_);
    pending |= PollModel(location, model.get(), callback);
  }
  return pending;
}

bool DiskPoller::PollModel(const ModelLocation& location, Model* model,
                           const Source::AspiredVersionsCallback& callback) {
  const absl::StatusOr<std::vector<VersionDirectory>> present = ListVersions(location.base_path);
  NoteError(location.name, model, present.status());
  if (!present.ok()) {
    model->tell = false;
    return false;
  }
  std::set<std::string> folders;
  for (const VersionDirectory& directory : *present) folders.insert(directory.path);
  model->checker.Retain(folders);

  AspiredVersions versions =
      ChooseVersions(location.name, location.policy, *present, [this, model](const VersionDirectory& directory) {
        if (Aspires(model->told, directory)) return absl::OkStatus();
        if (IsStopped()) return absl::CancelledError("The source ends");
        return model->checker.Check(directory.path);
      });
  if (IsStopped()) return false;  // what was cancelled says nothing about the versions
  const bool pending = std::any_of(versions.rejected.begin(), versions.rejected.end(),
                                   [](const RejectedVersion& v) { return absl::IsUnavailable(v.reason); });
  if (!model->told || model->tell || !IsSame(*model->told, versions)) {
    model->tell = false;
    callback(versions);
    model->told = std::move(versions);
  }
  return pending;
}

void DiskPoller::NoteError(const std::string& name, Model* model, const absl::Status& error) {
  if (error == model->error && !(model->tell && !error.ok())) return;
  model->error = error;
  if (on_error_) on_error_(name, error);
}

void DiskPoller::TellAll() {
  for (auto& entry : models_) entry.second->tell = true;
}

bool DiskPoller::IsStopped() const { return completeness_.stop != nullptr && *completeness_.stop; }

}  // namespace trilho

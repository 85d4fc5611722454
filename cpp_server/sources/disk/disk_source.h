// Serves versions from folders on a local disk.

#ifndef TRILHO_CPP_SERVER_SOURCES_DISK_DISK_SOURCE_H_
#define TRILHO_CPP_SERVER_SOURCES_DISK_DISK_SOURCE_H_

#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "cpp_server/core/mutex.h"
#include "cpp_server/core/source.h"
#include "cpp_server/sources/disk/model_poller.h"
#include "cpp_server/sources/disk/model_watch.h"

namespace trilho {

// Looks at the folders of its models again and again; see ModelPoller for what follows from what it sees.
//
// Every model has a thread that looks, so a disk that hangs, or the checksums of a large new version, keep nobody from
// seeing what is new for the others. What is served already does not suffer.
//
// Thread-safe.
class DiskSource final : public Source {
 public:
  struct Options {
    std::vector<ModelLocation> models;

    // Between two looks at a model. 0: once, and again only for versions that were there and still being written, or
    // when one of them fails. Negative: never.
    std::chrono::milliseconds poll_wait = std::chrono::seconds(1);

    VersionCompleteness completeness = VersionCompleteness::kStable;

    // A version without manifest that has not changed for this long is taken as complete when first seen.
    std::chrono::milliseconds settle_time = std::chrono::seconds(2);

    // Asked at every look; without it every version is taken to load.
    ModelHealthCallback health;

    // Called on the threads that look; may be empty.
    ModelErrorCallback on_error;
  };

  explicit DiskSource(Options options);
  // Waits for looks that have begun, which end early. Not from a callback.
  ~DiskSource() override;

  // The callback is called for each model after the first look that can list it, and then whenever its versions change.
  absl::Status Start(AspiredVersionsCallback callback) override EXCLUDES(mu_);

  // Looks at these models instead, at once, and tells of each of them anew, with this `generation`. Models not among
  // them are not watched any more, which the callback is told before this returns, whatever their disks do.
  // RESOURCE_EXHAUSTED if there is no thread for one of them that is new; then all stays as it was.
  absl::Status SetModels(std::vector<ModelLocation> models, uint64_t generation = 0) EXCLUDES(mu_);

  // Looks at `model` at once, whatever it found before, and tells of it anew.
  void LookAgain(const std::string& model) EXCLUDES(mu_);

  // The health of `model` may have changed: looks at it at once if so, and if it is one of them.
  void CheckHealth(const std::string& model) EXCLUDES(mu_);

 private:
  absl::Status Watch(const std::vector<ModelLocation>& models, uint64_t generation) REQUIRES(mu_);

  Mutex mu_;
  ModelWatch::Options options_ GUARDED_BY(mu_);
  std::vector<ModelLocation> models_ GUARDED_BY(mu_);
  uint64_t generation_ GUARDED_BY(mu_) = 0;
  std::map<std::string, std::unique_ptr<ModelWatch>> watches_ GUARDED_BY(mu_);
  // Of models that are not watched any more, with a look under way.
  std::vector<std::unique_ptr<ModelWatch>> ending_ GUARDED_BY(mu_);
};

}  // namespace trilho

#endif  // TRILHO_CPP_SERVER_SOURCES_DISK_DISK_SOURCE_H_

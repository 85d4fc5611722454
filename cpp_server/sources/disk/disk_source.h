// Serves versions from folders on a local disk.

#ifndef TRILHO_CPP_SERVER_SOURCES_DISK_DISK_SOURCE_H_
#define TRILHO_CPP_SERVER_SOURCES_DISK_DISK_SOURCE_H_

#include <atomic>
#include <chrono>
#include <cstdint>
#include <thread>
#include <vector>

#include "cpp_server/core/mutex.h"
#include "cpp_server/core/source.h"
#include "cpp_server/sources/disk/disk_poller.h"

namespace trilho {

// Looks at the folders of its models again and again; see DiskPoller for what follows from what it sees.
//
// One thread looks at all models in turn, so a disk that hangs, or the checksums of a large new version, keep it from
// seeing what is new for the others. What is served already does not suffer.
//
// Thread-safe.
class DiskSource final : public Source {
 public:
  struct Options {
    std::vector<ModelLocation> models;

    // Between two polls. 0: once, and again only for versions that were still being written then. Negative: never.
    std::chrono::milliseconds poll_wait = std::chrono::seconds(1);

    VersionCompleteness completeness = VersionCompleteness::kStable;

    // A version without manifest that has not changed for this long is taken as complete when first seen.
    std::chrono::milliseconds settle_time = std::chrono::seconds(2);

    // Called on the polling thread; may be empty.
    ModelErrorCallback on_error;
  };

  explicit DiskSource(Options options);
  // Waits for a poll that has begun, which ends early. Not from a callback.
  ~DiskSource() override;

  // The callback is called for each model after the first poll that can list it, and then whenever its versions change.
  void Start(AspiredVersionsCallback callback) override;

  // Looks at these models instead, at once, and tells of each of them anew. Models not among them aspire nothing any
  // more.
  // Returns a number that grows with every call.
  uint64_t SetModels(std::vector<ModelLocation> models) EXCLUDES(mu_);

  // In a callback: the number of the SetModels whose models are being told of, 0 before the first one. A poll that was
  // under way when it was called goes on telling of those before.
  uint64_t told_models() const { return told_models_; }

 private:
  void Run() EXCLUDES(mu_);

  const std::chrono::milliseconds poll_wait_;
  const std::chrono::milliseconds settle_time_;
  // Written under mu_, so that a wait does not miss it; read without, in the middle of a poll.
  std::atomic<bool> stop_{false};

  std::atomic<uint64_t> told_models_{0};

  // Used by the polling thread only.
  DiskPoller poller_;
  AspiredVersionsCallback callback_;

  Mutex mu_;
  CondVar cv_;
  std::vector<ModelLocation> models_ GUARDED_BY(mu_);
  uint64_t set_models_ GUARDED_BY(mu_) = 0;
  bool models_changed_ GUARDED_BY(mu_) = false;

  std::thread thread_;
};

}  // namespace trilho

#endif  // TRILHO_CPP_SERVER_SOURCES_DISK_DISK_SOURCE_H_

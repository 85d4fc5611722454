// One look at the folder of a model, and what it means for what is served.

#ifndef TRILHO_CPP_SERVER_SOURCES_DISK_MODEL_POLLER_H_
#define TRILHO_CPP_SERVER_SOURCES_DISK_MODEL_POLLER_H_

#include <cstdint>
#include <functional>
#include <set>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/optional.h"
#include "cpp_server/core/source.h"
#include "cpp_server/sources/disk/completeness.h"
#include "cpp_server/sources/disk/version_choice.h"
#include "cpp_server/sources/disk/version_directory.h"

namespace trilho {

// A model whose versions are the folders BASE_PATH/VERSION/.
struct ModelLocation {
  std::string name;
  std::string base_path;
  ServableVersionPolicy policy;
  // Says at each look which folder `base_path` is, or why it may not be looked at; `base_path` itself if this is empty.
  std::function<absl::StatusOr<std::string>(const std::string& base_path)> resolve = {};
};

// What has come of the versions that a model was offered.
struct ModelHealth {
  // Those that failed to load since they were offered.
  std::set<int64_t> failing;
  // Whether any version answers.
  bool is_available = false;
};
using ModelHealthCallback = std::function<ModelHealth(const std::string& model)>;

// What a DiskSource does at every poll of a model, without its thread. For one thread.
class ModelPoller {
 public:
  struct Sight {
    // Why the folder cannot be listed, e.g. NOT_FOUND; there are no versions then.
    absl::Status error;
    AspiredVersions versions;
    // Whether some version may become complete without a further change of its files.
    bool is_pending = false;
  };

  // Without `health` every version is taken to load. `once`: of what comes after the first listing nothing is seen.
  explicit ModelPoller(CompletenessChecker::Options completeness, ModelHealthCallback health = {}, bool once = false);

  // Lists the versions of a model, always the same one, and checks those that it may be offered.
  // - A version that is aspired stays so while its folder exists: it was complete when it was chosen, and what is in
  //   memory does not suffer from what becomes of its files.
  // - A model none of whose versions answers while those that it was offered fail is offered lower ones besides, until
  //   what it should be offered loads.
  // Nothing if it was stopped.
  absl::optional<Sight> Look(const ModelLocation& location);

  // The next listing is a first one: the model may lie elsewhere.
  void BeginAnew() { listed_.reset(); }

  // The next look reads all files again of versions that are not offered.
  void ForgetVerdicts() { checker_.Forget(); }

  // Whether a look would choose otherwise for what has come of the versions since the last one. `model` is the one that
  // is looked at.
  bool HealthHasChanged(const std::string& model) const;

  // Notes that `versions` is what the model is offered from now on. False if it is what it is offered already.
  bool Offer(const AspiredVersions& versions);

 private:
  bool IsStopped() const;
  void KeepListed(std::vector<VersionDirectory>* present);

  const std::atomic<bool>* const stop_;
  const ModelHealthCallback health_callback_;
  const bool once_;
  CompletenessChecker checker_;
  // Of the last look.
  ModelHealth health_;
  // The versions of the first listing, if that is all that is seen.
  absl::optional<std::set<int64_t>> listed_;
  // What the model is offered, if anything was.
  absl::optional<AspiredVersions> offered_;
  // Whether lower versions take the place of those that fail.
  bool substitutes_ = false;
};

}  // namespace trilho

#endif  // TRILHO_CPP_SERVER_SOURCES_DISK_MODEL_POLLER_H_

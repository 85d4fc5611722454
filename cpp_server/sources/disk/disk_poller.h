// One look at the folders of models, and what it means for what is served.

#ifndef TRILHO_CPP_SERVER_SOURCES_DISK_DISK_POLLER_H_
#define TRILHO_CPP_SERVER_SOURCES_DISK_DISK_POLLER_H_

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/types/optional.h"
#include "cpp_server/core/source.h"
#include "cpp_server/sources/disk/completeness.h"
#include "cpp_server/sources/disk/version_choice.h"

namespace trilho {

// A model whose versions are the folders BASE_PATH/VERSION/.
struct ModelLocation {
  std::string name;
  std::string base_path;
  ServableVersionPolicy policy;
};

// Called when the error of a model changes, with OK when it is over; e.g. NOT_FOUND while its base path is missing.
using ModelErrorCallback = std::function<void(const std::string& model, const absl::Status&)>;

// What a DiskSource does at every poll, without its thread. For one thread.
class DiskPoller {
 public:
  // `on_error` may be empty.
  DiskPoller(CompletenessChecker::Options completeness, ModelErrorCallback on_error);

  // Lists `models`, and calls `callback` for each one whose versions are not what it was called with before.
  // - A model that cannot be listed changes nothing, for itself or for others.
  // - A version that is aspired stays so while its folder exists: it was complete when it was chosen, and what is in
  //   memory does not suffer from what becomes of its files.
  // - A model of the poll before that is not in `models` aspires nothing.
  // True if some version may become complete without a further change of its files.
  bool Poll(const std::vector<ModelLocation>& models, const Source::AspiredVersionsCallback& callback);

  // The next poll tells everything, changed or not.
  void TellAll();

 private:
  struct Model {
    explicit Model(CompletenessChecker::Options options) : checker(std::move(options)) {}
    CompletenessChecker checker;
    // The latest call of the callback, if there was one.
    absl::optional<AspiredVersions> told;
    absl::Status error;
    bool tell = false;
  };

  bool PollModel(const ModelLocation& location, Model* model, const Source::AspiredVersionsCallback& callback);
  void NoteError(const std::string& name, Model* model, const absl::Status& error);
  bool IsStopped() const;

  const CompletenessChecker::Options completeness_;
  const ModelErrorCallback on_error_;
  std::map<std::string, std::unique_ptr<Model>> models_;
};

}  // namespace trilho

#endif  // TRILHO_CPP_SERVER_SOURCES_DISK_DISK_POLLER_H_

// How one version gets into memory.

#ifndef TRILHO_CPP_SERVER_CORE_LOADER_H_
#define TRILHO_CPP_SERVER_CORE_LOADER_H_

#include <functional>
#include <memory>
#include <string>
#include <utility>

#include "absl/status/statusor.h"
#include "cpp_server/core/load_progress.h"
#include "cpp_server/core/servable.h"

namespace trilho {

// Loads one version. Made, used and destroyed on the control thread of its
// model, so that a slow load holds up nothing but its own model.
class Loader {
 public:
  Loader() = default;
  Loader(const Loader&) = delete;
  Loader& operator=(const Loader&) = delete;
  virtual ~Loader() = default;

  // Reads, checks and warms up the version, so that its first request is as
  // fast as any. Blocks. May be called again after an error (a retry).
  virtual absl::StatusOr<std::unique_ptr<Servable>> Load() = 0;

  // Set before Load, which tells there what it is doing; may be null.
  void set_progress(std::shared_ptr<LoadProgress> progress) { progress_ = std::move(progress); }

  // Called after a version of the model was unloaded and its Servable
  // destroyed, to give freed memory back to the system.
  virtual void AfterUnload() {}

 protected:
  void Report(std::string step) {
    if (progress_ != nullptr) progress_->Set(std::move(step));
  }

 private:
  std::shared_ptr<LoadProgress> progress_;
};

// Makes the Loader of a version whose files are below the local folder `path`.
using LoaderFactory = std::function<std::unique_ptr<Loader>(const ServableId& id, const std::string& path)>;

}  // namespace trilho

#endif  // TRILHO_CPP_SERVER_CORE_LOADER_H_

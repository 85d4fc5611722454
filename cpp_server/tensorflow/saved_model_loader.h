// Brings SavedModels into a Manager.

#ifndef TRILHO_CPP_SERVER_TENSORFLOW_SAVED_MODEL_LOADER_H_
#define TRILHO_CPP_SERVER_TENSORFLOW_SAVED_MODEL_LOADER_H_

#include <functional>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "cpp_server/core/loader.h"
#include "cpp_server/tensorflow/saved_model.h"

namespace trilho {

struct SavedModelLoaderOptions {
  SavedModelOptions saved_model;
  bool warm_up = true;
  // Runs the requests that a version brings along, and returns how many there
  // are, before the zeros of warm_up; an error fails the load. May be empty.
  std::function<absl::StatusOr<int>(const ServableId&, const std::string& directory, SavedModel*)> replay;
  // Called last, e.g. to set another Runner; an error fails the load. May be
  // empty.
  std::function<absl::Status(const ServableId&, const std::string& directory, SavedModel*)> complete;
  // Takes a line about a version, e.g. that a signature could not be warmed up;
  // called on control threads. May be empty.
  std::function<void(const ServableId&, const std::string&)> log;
};

class SavedModelLoader final : public Loader {
 public:
  SavedModelLoader(ServableId id, std::string directory, const SavedModelLoaderOptions& options);

  absl::StatusOr<std::unique_ptr<Servable>> Load() override;
  // Session memory is freed in many small pieces, which glibc keeps for itself
  // unless asked.
  void AfterUnload() override;

  static LoaderFactory Factory(SavedModelLoaderOptions options);

 private:
  const ServableId id_;
  const std::string directory_;
  const SavedModelLoaderOptions options_;
};

}  // namespace trilho

#endif  // TRILHO_CPP_SERVER_TENSORFLOW_SAVED_MODEL_LOADER_H_

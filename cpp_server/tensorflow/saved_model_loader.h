// Brings SavedModels into a Manager.

#ifndef TRILHO_CPP_SERVER_TENSORFLOW_SAVED_MODEL_LOADER_H_
#define TRILHO_CPP_SERVER_TENSORFLOW_SAVED_MODEL_LOADER_H_

#include <chrono>
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
  // How long signatures are run with zeros, see WarmUp; 0: none is.
  std::chrono::milliseconds synthetic_warm_up = std::chrono::seconds(5);
  // Runs the requests that a version brings along, and returns how many there
  // are, before the zeros; an error fails the load. Calls `report` with the step that begins. May be empty.
  std::function<absl::StatusOr<int>(const ServableId&, const std::string& directory, SavedModel*,
                                    const std::function<void(std::string)>& report)>
      replay;
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
  void Log(const std::string& line) const;
  // Makes the runs that nobody asked for.
  void WarmUpWithZeros(const SavedModel& model, bool with_strings);

  const ServableId id_;
  const std::string directory_;
  const SavedModelLoaderOptions options_;
};

}  // namespace trilho

#endif  // TRILHO_CPP_SERVER_TENSORFLOW_SAVED_MODEL_LOADER_H_

// A version in memory, and how it came there.

#ifndef TRILHO_CPP_SERVER_CORE_LOADED_VERSION_H_
#define TRILHO_CPP_SERVER_CORE_LOADED_VERSION_H_

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "cpp_server/core/load_progress.h"
#include "cpp_server/core/loader.h"
#include "cpp_server/core/servable.h"

namespace trilho {

struct LoadedVersion {
  std::unique_ptr<Loader> loader;
  std::unique_ptr<Servable> servable;
};

// The `tries`-th try to load the version at `path`, which tells `progress` what it is doing. An error names all of
// them.
absl::StatusOr<LoadedVersion> LoadVersion(const LoaderFactory& factory, const ServableId& id, const std::string& path,
                                          int tries, std::shared_ptr<LoadProgress> progress);

// Destroys the servable, lets its loader give back what it took, and destroys that.
void UnloadVersion(LoadedVersion version);

}  // namespace trilho

#endif  // TRILHO_CPP_SERVER_CORE_LOADED_VERSION_H_

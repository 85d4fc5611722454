#include "cpp_server/core/loaded_version.h"

#include <new>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"

namespace trilho {
namespace {

absl::StatusOr<std::unique_ptr<Servable>> LoadWith(Loader* loader, std::shared_ptr<LoadProgress> progress) {
  if (loader == nullptr) return absl::InternalError("there is no loader for it");
  loader->set_progress(std::move(progress));
  try {
    auto servable = loader->Load();
    if (servable.ok() && *servable == nullptr) return absl::InternalError("the loader returned nothing");
    return servable;
  } catch (const std::bad_alloc&) {
    return absl::ResourceExhaustedError("there is no memory for it");
  }
}

}  // namespace

absl::StatusOr<LoadedVersion> LoadVersion(const LoaderFactory& factory, const ServableId& id, const std::string& path,
                                          int tries, std::shared_ptr<LoadProgress> progress) {
  LoadedVersion loaded;
  loaded.loader = factory(id, path);
  auto servable = LoadWith(loaded.loader.get(), std::move(progress));
  if (!servable.ok()) {
    return absl::Status(servable.status().code(), absl::StrCat("Failed to load ", id.DebugString(), " from ", path,
                                                               " (try ", tries, "): ", servable.status().message()));
  }
  loaded.servable = *std::move(servable);
  return loaded;
}

void UnloadVersion(LoadedVersion version) {
  version.servable.reset();
  version.loader->AfterUnload();
}

}  // namespace trilho

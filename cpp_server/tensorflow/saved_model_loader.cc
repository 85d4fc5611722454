#include "cpp_server/tensorflow/saved_model_loader.h"

#include <filesystem>
#include <system_error>
#include <utility>

#include "absl/strings/str_cat.h"
#include "cpp_server/tensorflow/allocator.h"
#include "cpp_server/tensorflow/warmup.h"

namespace trilho {

SavedModelLoader::SavedModelLoader(ServableId id, std::string directory, const SavedModelLoaderOptions& options)
    : id_(std::move(id)), directory_(std::move(directory)), options_(options) {}

absl::StatusOr<std::unique_ptr<Servable>> SavedModelLoader::Load() {
  auto model = SavedModel::Load(directory_, options_.saved_model);
  if (!model.ok()) return model.status();
  const auto log = [this](const std::string& line) {
    if (options_.log) options_.log(id_, line);
  };
  for (const auto& unsupported : (*model)->signatures().unsupported) {
    log(absl::StrCat("signature \"", unsupported.first, "\" cannot be served: ", unsupported.second.message()));
  }
  for (const auto& entry : (*model)->signatures().by_name) {
    for (const TensorInfo& output : entry.second.outputs) {
      if (output.unsendable.empty()) continue;
      log(absl::StrCat("signature \"", entry.first, "\" is served without its output \"", output.alias, "\", which ",
                       output.unsendable));
    }
  }
  // TF Serving reads them. Said, lest somebody wonder why they change nothing.
  for (const char* const file : {"saved_model_config.pb", "mlmd_uuid"}) {
    std::error_code ignored;
    if (!std::filesystem::exists(absl::StrCat(directory_, "/assets.extra/", file), ignored)) continue;
    log(absl::StrCat("assets.extra/", file, " is not read"));
  }
  absl::StatusOr<int> replayed = 0;
  if (options_.replay) replayed = options_.replay(id_, directory_, model->get());
  if (!replayed.ok()) return replayed.status();
  if (options_.warm_up) {
    // Who brings requests brings strings that suit the model, which empty ones seldom do.
    for (const WarmupResult& result : WarmUp(**model, /*with_strings=*/*replayed == 0)) {
      if (result.status.ok()) continue;
      log(absl::StrCat("signature \"", result.signature,
                       "\" was not warmed up, zeros do not suit it: ", result.status.message()));
    }
  }
  if (options_.complete) {
    const absl::Status completed = options_.complete(id_, directory_, model->get());
    if (!completed.ok()) return completed;
  }
  return std::unique_ptr<Servable>(*std::move(model));
}

void SavedModelLoader::AfterUnload() { ReturnFreedMemory(); }

LoaderFactory SavedModelLoader::Factory(SavedModelLoaderOptions options) {
  auto shared = std::make_shared<const SavedModelLoaderOptions>(std::move(options));
  return [shared](const ServableId& id, const std::string& directory) {
    return std::make_unique<SavedModelLoader>(id, directory, *shared);
  };
}

}  // namespace trilho

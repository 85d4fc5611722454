#include "cpp_server/tensorflow/saved_model_loader.h"

#include <filesystem>
#include <system_error>
#include <utility>

#include "absl/strings/str_cat.h"
#include "cpp_server/files/plain_file.h"
#include "cpp_server/tensorflow/allocator.h"
#include "cpp_server/tensorflow/warmup.h"

namespace trilho {

SavedModelLoader::SavedModelLoader(ServableId id, std::string directory, const SavedModelLoaderOptions& options)
    : id_(std::move(id)), directory_(std::move(directory)), options_(options) {}

absl::StatusOr<std::unique_ptr<Servable>> SavedModelLoader::Load() {
  // TensorFlow would wait for a FIFO, and read a device, without end.
  const absl::Status plain = CheckOnlyPlainFiles(directory_);
  if (!plain.ok()) return plain;
  Report("reading the graph and its variables");
  auto model = SavedModel::Load(directory_, options_.saved_model);
  if (!model.ok()) return model.status();
  for (const auto& unsupported : (*model)->signatures().unsupported) {
    Log(absl::StrCat("signature \"", unsupported.first, "\" cannot be served: ", unsupported.second.message()));
  }
  for (const auto& entry : (*model)->signatures().by_name) {
    for (const TensorInfo& output : entry.second.outputs) {
      if (output.unsendable.empty()) continue;
      Log(absl::StrCat("signature \"", entry.first, "\" is served without its output \"", output.alias, "\", which ",
                       output.unsendable));
    }
  }
  // TF Serving reads them. Said, lest somebody wonder why they change nothing.
  for (const char* const file : {"saved_model_config.pb", "mlmd_uuid"}) {
    std::error_code ignored;
    if (!std::filesystem::exists(absl::StrCat(directory_, "/assets.extra/", file), ignored)) continue;
    Log(absl::StrCat("assets.extra/", file, " is not read"));
  }
  absl::StatusOr<int> replayed = 0;
  if (options_.replay)
    replayed = options_.replay(id_, directory_, model->get(), [this](std::string step) { Report(std::move(step)); });
  if (!replayed.ok()) return replayed.status();
  // Who brings requests brings strings that suit the model, which empty ones seldom do.
  if (options_.synthetic_warm_up.count() > 0) WarmUpWithZeros(**model, /*with_strings=*/*replayed == 0);
  Report("checking contracts and batching");
  if (options_.complete) {
    const absl::Status completed = options_.complete(id_, directory_, model->get());
    if (!completed.ok()) return completed;
  }
  return std::unique_ptr<Servable>(*std::move(model));
}

void SavedModelLoader::WarmUpWithZeros(const SavedModel& model, bool with_strings) {
  const std::chrono::milliseconds budget = options_.synthetic_warm_up;
  const WarmupPlan plan = PlanWarmup(model.signatures(), with_strings);
  if (!plan.runs.empty() && TimedRunsGoingOn() >= kWarmUpThreads) {
    return Log("no signature is run with zeros: warm-up runs of other versions that do not end hold all threads");
  }
  Log(absl::StrCat("warm-up: ", plan.Describe(budget)));
  if (plan.runs.empty()) return;
  Report("running signatures with zeros");
  const TimedRunsResult result = WarmUp(model, plan, budget);
  if (!result.error.ok()) return Log(absl::StrCat("was not warmed up: ", result.error.message()));
  for (const TimedRunsResult::Ended& run : result.ended) {
    if (run.status.ok()) continue;
    Log(absl::StrCat("signature \"", run.name, "\" was not warmed up, zeros do not suit it: ", run.status.message()));
  }
  const std::string seconds = absl::StrCat(std::chrono::duration<double>(budget).count(), " s");
  if (!result.unfinished.empty()) {
    Log(absl::StrCat("signature \"", result.unfinished, "\" did not finish within the ", seconds, " of the warm-up, ",
                     result.goes_on ? "and goes on until its operation ends" : "and was ended"));
  }
  if (!result.skipped.empty()) {
    Log(absl::StrCat("the ", seconds, " of the warm-up were over before ", result.skipped.size(),
                     " signature(s), from \"", result.skipped.front(), "\" on"));
  }
}

void SavedModelLoader::Log(const std::string& line) const {
  if (options_.log) options_.log(id_, line);
}

void SavedModelLoader::AfterUnload() { ReturnFreedMemory(); }

LoaderFactory SavedModelLoader::Factory(SavedModelLoaderOptions options) {
  auto shared = std::make_shared<const SavedModelLoaderOptions>(std::move(options));
  return [shared](const ServableId& id, const std::string& directory) {
    return std::make_unique<SavedModelLoader>(id, directory, *shared);
  };
}

}  // namespace trilho

#include "cpp_server/server/model_loading.h"

#include <chrono>
#include <functional>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "cpp_server/contracts/contract_check.h"
#include "cpp_server/logging/log.h"
#include "cpp_server/services/warmup_replay.h"
#include "cpp_server/tensorflow/saved_model_loader.h"

namespace trilho {
namespace {

void LogState(const ServableState& state) {
  std::string line = absl::StrCat("model ", state.id.name, " version ", state.id.version, ": ");
  if (state.status.ok()) {
    Log(Severity::kInfo, absl::StrCat(line, ManagerStateName(state.state)));
  } else if (absl::IsUnavailable(state.status)) {
    // Still being written: it will come.
    Log(Severity::kInfo, absl::StrCat(line, "waiting: ", state.status.message()));
  } else {
    Log(state.state == ManagerState::kEnd ? Severity::kError : Severity::kWarning,
        absl::StrCat(line, ManagerStateName(state.state), ": ", state.status.ToString()));
  }
}

}  // namespace

ManagerOptions ManagerOptionsOf(const ModelServer::Options& options, const Contracts* contracts,
                                const ModelBatching* batching, ServingMetrics* metrics) {
  SavedModelLoaderOptions loader;
  loader.saved_model = options.saved_model;
  loader.synthetic_warm_up = options.warm_up ? options.synthetic_warm_up : std::chrono::milliseconds(0);
  const auto log = [](const ServableId& id, const std::string& line) {
    Log(Severity::kInfo, absl::StrCat("model ", id.name, " version ", id.version, ": ", line));
  };
  loader.log = log;
  WarmupOptions warmup;
  warmup.enabled = options.warm_up;
  warmup.iterations = options.warmup_iterations;
  loader.replay = [warmup, metrics, log](const ServableId& id, const std::string& directory, SavedModel* model,
                                         const std::function<void(std::string)>& report) {
    const auto begin = std::chrono::steady_clock::now();
    int records = 0;
    WarmupOptions told = warmup;
    told.on_record = [&](int record) {
      // A record may take for ever: nothing bounds what a version brings along.
      if (record == 1) log(id, absl::StrCat("warm-up: replaying the requests of ", kWarmupFile));
      report(absl::StrCat("replaying record ", record, " of ", kWarmupFile));
    };
    auto replayed = ReplayWarmup(directory, told, model, id.version, &records);
    const auto time = std::chrono::steady_clock::now() - begin;
    if (!replayed.ok() || records > 0) {
      metrics->OnWarmup(directory, replayed.status().code(), records,
                        std::chrono::duration_cast<std::chrono::microseconds>(time).count());
    }
    return replayed;
  };
  loader.complete = [contracts, batching, log](const ServableId& id, const std::string& directory, SavedModel* model) {
    absl::Status fits = CheckContracts(*contracts, id.name, model->signatures());
    if (!fits.ok()) return fits;
    return batching->Install(id, directory, model, [&](const std::string& line) { log(id, line); });
  };
  ManagerOptions manager;
  manager.loader_factory = SavedModelLoader::Factory(std::move(loader));
  manager.max_num_load_retries = options.max_num_load_retries;
  manager.load_retry_interval = options.load_retry_interval;
  manager.on_state_change = LogState;
  return manager;
}

}  // namespace trilho

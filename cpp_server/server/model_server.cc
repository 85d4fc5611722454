#include "cpp_server/server/model_server.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "cpp_server/logging/log.h"
#include "cpp_server/services/mnist/mnist_service.h"
#include "cpp_server/services/model_service.h"
#include "cpp_server/services/prediction_service.h"
#include "cpp_server/tensorflow/saved_model_loader.h"

namespace trilho {
namespace {

using tensorflow::serving::ModelServerConfig;

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

ManagerOptions ManagerOptionsOf(const ModelServer::Options& options) {
  SavedModelLoaderOptions loader;
  loader.saved_model = options.saved_model;
  loader.warm_up = options.warm_up;
  loader.log = [](const ServableId& id, const std::string& line) {
    Log(Severity::kInfo, absl::StrCat("model ", id.name, " version ", id.version, ": ", line));
  };
  ManagerOptions manager;
  manager.loader_factory = SavedModelLoader::Factory(std::move(loader));
  manager.max_num_load_retries = options.max_num_load_retries;
  manager.load_retry_interval = options.load_retry_interval;
  manager.on_state_change = LogState;
  return manager;
}

}  // namespace

absl::StatusOr<std::unique_ptr<ModelServer>> ModelServer::Start(Options options, const std::function<bool()>& stop) {
  std::unique_ptr<ModelServer> server(new ModelServer());
  ServerCore::Options core_options;
  core_options.poll_wait = options.poll_wait;
  core_options.manager = ManagerOptionsOf(options);
  auto core = ServerCore::Create(std::move(core_options), options.models);
  if (!core.ok()) return core.status();
  server->core_ = *std::move(core);
  const absl::Status loaded = server->core_->WaitUntilLoaded(stop);
  if (!loaded.ok()) return loaded;

  ModelServer* const self = server.get();
  const Predictor* const predictor = &self->core_->predictor();
  auto grpc = GrpcServer::Start(
      options.grpc, {PredictionService(predictor, &self->hooks_, options.encoding),
                     ModelService(&self->core_->manager(),
                                  [self](const ModelServerConfig& config, std::function<void(absl::Status)> done) {
                                    self->Reload(config, std::move(done));
                                  }),
                     ModelManagementService(self->core_->Managed()), MnistService(predictor, &self->hooks_)});
  if (!grpc.ok()) return grpc.status();
  self->grpc_ = *std::move(grpc);
  self->grpc_->SetServing(true);
  return server;
}

void ModelServer::Reload(const ModelServerConfig& config, std::function<void(absl::Status)> done) {
  ModelConfiguration* const configuration = core_->configuration();
  core_->Change([configuration, config](std::vector<std::string>* added) { return configuration->Set(config, added); },
                std::move(done));
}

bool ModelServer::Shutdown(std::chrono::milliseconds grace) {
  core_->BeginShutdown();
  return grpc_->Shutdown(grace);
}

}  // namespace trilho

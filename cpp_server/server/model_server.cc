#include "cpp_server/server/model_server.h"

#include <thread>
#include <utility>

#include "absl/strings/str_cat.h"
#include "cpp_server/logging/log.h"
#include "cpp_server/server/http_routes.h"
#include "cpp_server/services/mnist/mnist_service.h"
#include "cpp_server/services/model_service.h"
#include "cpp_server/services/prediction_service.h"
#include "cpp_server/services/warmup_replay.h"
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

ManagerOptions ManagerOptionsOf(const ModelServer::Options& options, ServingMetrics* metrics) {
  SavedModelLoaderOptions loader;
  loader.saved_model = options.saved_model;
  loader.warm_up = options.warm_up;
  loader.log = [](const ServableId& id, const std::string& line) {
    Log(Severity::kInfo, absl::StrCat("model ", id.name, " version ", id.version, ": ", line));
  };
  WarmupOptions warmup;
  warmup.enabled = options.warm_up;
  warmup.iterations = options.warmup_iterations;
  loader.replay = [warmup, metrics](const ServableId& id, const std::string& directory, SavedModel* model) {
    const auto begin = std::chrono::steady_clock::now();
    const auto replayed = ReplayWarmup(directory, warmup, model, id.version);
    const auto time = std::chrono::steady_clock::now() - begin;
    if (!replayed.ok() || *replayed > 0) {
      metrics->OnWarmup(id.name, directory, replayed.status(),
                        std::chrono::duration_cast<std::chrono::microseconds>(time).count());
    }
    return replayed.status();
  };
  ManagerOptions manager;
  manager.loader_factory = SavedModelLoader::Factory(std::move(loader));
  manager.max_num_load_retries = options.max_num_load_retries;
  manager.load_retry_interval = options.load_retry_interval;
  manager.on_state_change = LogState;
  return manager;
}

}  // namespace

absl::StatusOr<std::unique_ptr<ModelServer>> ModelServer::Start(const Options& options,
                                                                const std::function<bool()>& stop) {
  std::unique_ptr<ModelServer> server(new ModelServer());
  if (!options.auth_token_file.empty()) {
    auto tokens = BearerTokens::Load(options.auth_token_file);
    if (!tokens.ok()) return tokens.status();
    server->tokens_ = *std::move(tokens);
  }
  ModelServer* const self = server.get();
  Observability::Options observed;
  observed.access_log = options.access_log;
  observed.request_log = options.request_log;
  // Scrapes come over HTTP, once there are models.
  observed.model_states = [self] { return self->core_->manager().GetAllStates(); };
  auto observability_created = Observability::Create(std::move(observed));
  if (!observability_created.ok()) return observability_created.status();
  server->observability_ = *std::move(observability_created);
  ServerCore::Options core_options;
  core_options.poll_wait = options.poll_wait;
  core_options.manager = ManagerOptionsOf(options, server->observability_->metrics());
  Observability* const observability = server->observability_.get();
  core_options.on_configuration = [observability](const std::vector<ModelSettings>& models) {
    return observability->Configure(models);
  };
  auto core = ServerCore::Create(std::move(core_options), options.models);
  if (!core.ok()) return core.status();
  server->core_ = *std::move(core);
  const absl::Status loaded = server->core_->WaitUntilLoaded(stop);
  if (!loaded.ok()) return loaded;

  const absl::Status started = server->StartFronts(options);
  if (!started.ok()) return started;
  if (!options.model_config_file.empty() && options.model_config_poll_wait.count() > 0) {
    server->config_poller_ = std::make_unique<ConfigFilePoller>(
        options.model_config_file, options.model_config_poll_wait, [self](const ModelServerConfig& config) {
          self->Reload(config, [](const absl::Status& status) {
            if (status.ok()) {
              Log(Severity::kInfo, "--model_config_file has changed and was taken over");
            } else {
              Log(Severity::kError, absl::StrCat("--model_config_file has changed: ", status.ToString()));
            }
          });
        });
  }
  server->serving_ = true;
  server->grpc_->SetServing(true);
  return server;
}

absl::Status ModelServer::StartFronts(const Options& options) {
  const Predictor* const predictor = &core_->predictor();
  GrpcServer::Options grpc_options = options.grpc;
  if (tokens_ != nullptr) {
    grpc_options.authorize = [this](const UnaryCall& call) { return tokens_->Check(call.metadata("authorization")); };
  }
  auto grpc = GrpcServer::Start(
      grpc_options,
      {PredictionService(predictor, observability_->hooks(), options.encoding),
       ModelService(&core_->manager(),
                    [this](const ModelServerConfig& config, std::function<void(absl::Status)> done) {
                      Reload(config, std::move(done));
                    }),
       ModelManagementService(core_->Managed()), MnistService(predictor, observability_->unlogged_hooks())});
  if (!grpc.ok()) return grpc.status();
  grpc_ = *std::move(grpc);
  if (!options.http) return absl::OkStatus();

  rest_ = std::make_unique<RestService>(predictor, &core_->manager(), observability_->unlogged_hooks());
  HttpRoutes routes;
  routes.rest = rest_.get();
  routes.managed = core_->Managed();
  routes.serving = &serving_;
  routes.metrics_path = options.metrics_path;
  routes.metrics = [this] { return observability_->metrics()->Scrape(); };
  if (tokens_ != nullptr) {
    routes.authorize = [this](const HttpCall& call) { return tokens_->Check(call.header("authorization")); };
  }
  auto http = HttpServer::Start(*options.http, RouteOf(routes));
  if (!http.ok()) return http.status();
  http_ = *std::move(http);
  return absl::OkStatus();
}

void ModelServer::BeginLameDuck() {
  serving_ = false;
  grpc_->SetServing(false);
}

void ModelServer::Reload(const ModelServerConfig& config, std::function<void(absl::Status)> done) {
  ModelConfiguration* const configuration = core_->configuration();
  core_->Change([configuration, config](std::vector<std::string>* added) { return configuration->Set(config, added); },
                std::move(done));
}

bool ModelServer::Shutdown(std::chrono::milliseconds grace) {
  BeginLameDuck();
  core_->BeginShutdown();
  // Side by side: each gets the whole of the grace.
  bool http_done = true;
  std::thread http([this, grace, &http_done] {
    if (http_ != nullptr) http_done = http_->Shutdown(grace);
  });
  const bool grpc_done = grpc_->Shutdown(grace);
  http.join();
  return grpc_done && http_done;
}

}  // namespace trilho

#include "cpp_server/server/model_server.h"

#include <algorithm>
#include <future>
#include <thread>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "cpp_server/config/saved_configuration.h"
#include "cpp_server/contracts/contract_check.h"
#include "cpp_server/contracts/contract_service.h"
#include "cpp_server/core/thread.h"
#include "cpp_server/kserve/kserve_service.h"
#include "cpp_server/logging/log.h"
#include "cpp_server/rpc/reflected_files.h"
#include "cpp_server/server/http_routes.h"
#include "cpp_server/server/model_loading.h"
#include "cpp_server/server/start_log.h"
#include "cpp_server/services/model_service.h"
#include "cpp_server/services/prediction_service.h"
#include "cpp_server/tensorflow/op_library.h"

namespace trilho {
namespace {

using tensorflow::serving::ModelServerConfig;

// Of a file that flags name: to start again without another one is of no use, whatever the code.
absl::Status Mistake(const absl::Status& status) { return absl::InvalidArgumentError(status.message()); }

// What to start with, and what to know of it: options.models, or what has come
// of them since.
absl::StatusOr<ModelServerConfig> FirstConfiguration(const ModelServer::Options& options,
                                                     ModelConfiguration::Options* configuration) {
  configuration->state_file = options.config_state_file;
  configuration->given = DigestOf(options.models);
  configuration->given_models = options.models;
  if (options.config_state_file.empty()) return options.models;
  auto saved = ReadSavedConfiguration(options.config_state_file);
  if (!saved.ok()) return saved.status();
  if (!*saved) return options.models;
  configuration->generation = (*saved)->generation;
  if ((*saved)->given != configuration->given) {
    Log(Severity::kWarning, absl::StrCat("the models of flags and files have changed since ", options.config_state_file,
                                         " was written: generation ", (*saved)->generation, " in it is given up"));
    return options.models;
  }
  // It is that generation, not one more.
  --configuration->generation;
  Log(Severity::kInfo, absl::StrCat("going on with generation ", (*saved)->generation, " of the configuration, from ",
                                    options.config_state_file));
  return (*saved)->config;
}

}  // namespace

absl::StatusOr<std::unique_ptr<ModelServer>> ModelServer::Start(const Options& options) {
  for (const std::string& library : options.op_libraries) {
    const absl::Status loaded = LoadOpLibrary(library);
    if (!loaded.ok()) return Mistake(loaded);
  }
  WarnOfOpenConfiguration(options);
  std::unique_ptr<ModelServer> server(new ModelServer());
  if (!options.auth_token_file.empty()) {
    auto tokens = BearerTokens::Load(options.auth_token_file);
    if (!tokens.ok()) return Mistake(tokens.status());
    server->tokens_ = *std::move(tokens);
  }
  auto tls = ServerTls::Load(options.tls);
  if (!tls.ok()) return Mistake(tls.status());
  server->tls_ = *std::move(tls);
  server->contracts_ = options.contracts.contracts;
  for (const DescriptorSetFile& set : options.contracts.descriptor_sets) {
    absl::Status described = AddReflectedFiles(set.content, set.path);
    if (!described.ok()) return absl::Status(described.code(), absl::StrCat("--contracts: ", described.message()));
  }
  const absl::Status core = server->StartCore(options);
  if (!core.ok()) return core;
  // They can be added while it runs.
  for (const std::string& line : MethodsWithoutModel(server->contracts_, server->core_->Names())) {
    Log(Severity::kWarning, absl::StrCat("--contracts: ", line));
  }
  const absl::Status fronts = server->StartFronts(options);
  if (!fronts.ok()) return fronts;
  const absl::Status loading = server->core_->BeginLoading();
  if (!loading.ok()) return loading;
  // Before the models are loaded: a file that is mended may be what one of them waits for.
  const absl::Status polling = server->StartConfigPoller(options);
  if (!polling.ok()) return polling;
  return server;
}

ModelServer::~ModelServer() {
  // Else a change that waits for models would hold the fronts up.
  if (core_ != nullptr) core_->BeginShutdown();
  // The front goes before the models.
  if (core_ != nullptr) core_->readiness()->SetListener({});
}

absl::Status ModelServer::WaitUntilLoaded(const std::function<bool()>& stop) {
  using std::chrono::steady_clock;
  const auto patience_ends = steady_clock::now() + services_patience_;
  bool serves = false;
  absl::Status loaded = core_->WaitUntilLoaded([&] {
    // A load that hangs may do so for ever; callers of the other models are then not to be turned away for it.
    if (!serves && steady_clock::now() >= patience_ends) {
      serves = true;
      Log(Severity::kWarning, "some models are still loading; the health of services says SERVING for the others");
      grpc_->SetServicesServing(true);
    }
    return stop();
  });
  // Though some model may have failed: callers of the others that look at a service's health are not to be turned away.
  if (loaded.ok() && !serves) grpc_->SetServicesServing(true);
  return loaded;
}

absl::Status ModelServer::StartCore(const Options& options) {
  Observability::Options observed;
  observed.access_log = options.access_log;
  observed.request_log = options.request_log;
  // Scrapes come over HTTP, once there are models.
  observed.model_states = [this] { return core_->manager().GetAllStates(); };
  observed.waiting_calls = [this] { return WaitingCalls(); };
  auto observability = Observability::Create(std::move(observed));
  if (!observability.ok()) return Mistake(observability.status());
  observability_ = *std::move(observability);
  AddCertificateMetrics();
  batching_ = std::make_unique<ModelBatching>(options.batching, observability_->metrics());
  if (!batching_->status().ok()) return batching_->status();

  ServerCore::Options core_options;
  core_options.watch = options.watch;
  core_options.first_loads = options.first_loads;
  if (options.first_loads.max_wait.count() > 0) services_patience_ = options.first_loads.max_wait;
  core_options.readiness_of_all_models = options.readiness_of_all_models;
  core_options.manager = ManagerOptionsOf(options, &contracts_, batching_.get(), observability_->metrics());
  core_options.on_configuration = [this](const std::vector<ModelSettings>& models) {
    return observability_->Configure(models);
  };
  core_options.configuration.permit = [roots = options.model_roots](const auto& before, const auto& wanted) {
    return roots.Check(before, wanted);
  };
  if (!options.model_roots.are_everywhere()) {
    core_options.configuration.resolve = [roots = options.model_roots](const std::string& model,
                                                                       const std::string& base_path) {
      return roots.Resolve(model, base_path);
    };
  }
  const auto models = FirstConfiguration(options, &core_options.configuration);
  if (!models.ok()) return Mistake(models.status());
  auto core = ServerCore::Create(std::move(core_options), *models);
  if (!core.ok()) return core.status();
  core_ = *std::move(core);
  observability_->SetFirstLoads(core_->first_loads());
  return absl::OkStatus();
}

void ModelServer::AddCertificateMetrics() {
  observability_->metrics()->registry()->AddCallback(
      {"trilho_certificate_expiry_timestamp_seconds",
       "When the certificate that a port shows expires, in seconds since the epoch; ports with TLS only.",
       {"port"}},
      MetricType::kGauge, [certificates = tls_->certificates()] {
        std::vector<MetricSample> samples;
        for (const auto& [port, dates] : certificates->Get()) {
          samples.push_back({{port}, static_cast<double>(absl::ToUnixSeconds(dates.not_after))});
        }
        return samples;
      });
}

absl::Status ModelServer::StartFronts(const Options& options) {
  KServeRepository::Models models;
  if (!options.management) models = [managed = core_->Managed()] { return ListModels(managed); };
  kserve_repository_ = std::make_unique<KServeRepository>(&core_->predictor(), &core_->manager(),
                                                          &observability_->statistics(), std::move(models));
  absl::Status started = StartGrpc(options);
  if (started.ok()) started = StartHttp(options);
  fronts_stand_ = started.ok();
  if (!started.ok()) return started;
  ShareReadiness();
  LogPorts(options);
  return tls_->Watch(http_.get(), management_.get());
}

void ModelServer::LogPorts(const Options& options) const {
  std::vector<OpenPort> ports = {{TlsPort::kGrpc, options.grpc.address, port()}};
  if (!options.grpc.socket_path.empty()) ports.push_back({TlsPort::kGrpc, options.grpc.socket_path, 0});
  if (http_ != nullptr) ports.push_back({TlsPort::kRest, options.http->address, http_port()});
  if (management_ != nullptr) ports.push_back({TlsPort::kManagement, options.management->address, management_port()});
  for (const std::string& line : DescribePorts(ports, *tls_)) Log(Severity::kInfo, line);
  if (tokens_ == nullptr) return;
  for (const std::string& line : PlainTokenWarnings(ports, *tls_)) Log(Severity::kWarning, line);
}

ContractModels ModelServer::ModelsOfContracts() const {
  ContractModels models;
  models.predictor = &core_->predictor();
  models.is_configured = [core = core_.get()](const std::string& model) { return core->IsConfigured(model); };
  return models;
}

absl::Status ModelServer::StartGrpc(const Options& options) {
  const Predictor* const predictor = &core_->predictor();
  GrpcServer::Options grpc_options = options.grpc;
  grpc_options.credentials = tls_->grpc_credentials();
  if (tokens_ != nullptr) {
    grpc_options.authorize = [this](const UnaryCall& call) { return tokens_->Check(call.metadata("authorization")); };
  }
  std::vector<ServiceDefinition> services = {
      PredictionService(predictor, observability_->hooks(), options.encoding),
      KServeService(
          predictor, &core_->manager(), observability_->hooks(), kserve_repository_.get(),
          [this] { return core_->readiness()->IsReady(); }, [this] { return core_->readiness()->IsStopping(); })};
  for (ServiceDefinition& service : ContractServices(&contracts_, ModelsOfContracts(), observability_->hooks())) {
    services.push_back(std::move(service));
  }
  if (options.management) {
    services.push_back(
        ModelService(&core_->manager(), [](const ModelServerConfig&, const std::function<void(absl::Status)>& done) {
          done(absl::PermissionDeniedError("the configuration is changed on the port of --management_port"));
        }));
  } else {
    services.push_back(ModelService(&core_->manager(),
                                    [this](const ModelServerConfig& config, std::function<void(absl::Status)> done) {
                                      Reload(config, std::move(done));
                                    }));
    services.push_back(ModelManagementService(core_->Managed()));
  }
  grpc_options.service_hint = "--contracts names those of annotated .proto files";
  auto grpc = GrpcServer::Start(grpc_options, std::move(services));
  if (!grpc.ok()) return grpc.status();
  grpc_ = *std::move(grpc);
  return absl::OkStatus();
}

absl::Status ModelServer::StartHttp(const Options& options) {
  rest_ = std::make_unique<RestService>(&core_->predictor(), &core_->manager(), observability_->hooks());
  kserve_ = std::make_unique<KServeRest>(
      &core_->predictor(), &core_->manager(), observability_->hooks(), kserve_repository_.get(),
      [this] { return core_->readiness()->IsReady(); }, [this] { return core_->readiness()->IsStopping(); });
  contract_rest_ = std::make_unique<ContractRest>(&contracts_, ModelsOfContracts(), observability_->hooks());
  HttpRoutes routes;
  routes.managed = core_->Managed();
  routes.readiness = core_->readiness();
  routes.metrics_path = options.metrics_path;
  routes.metrics = [this] { return observability_->metrics()->Scrape(); };
  if (tokens_ != nullptr) {
    routes.authorize = [this](const HttpRequestHead& head) { return tokens_->Check(head.header("authorization")); };
  }
  StatusPage::Options page;
  page.managed = routes.managed;
  page.statistics = &observability_->statistics();
  page.contracts = &contracts_;
  page.ready = [this] { return core_->readiness()->IsReady(); };
  page.infers = !options.management;
  page.warnings = [certificates = tls_->certificates()] { return certificates->Warnings(absl::Now()); };
  page_ = std::make_unique<StatusPage>(std::move(page));
  routes.page = page_.get();
  if (options.http) {
    HttpRoutes inference = routes;
    inference.rest = rest_.get();
    inference.kserve = kserve_.get();
    inference.contracts = contract_rest_.get();
    inference.administers = !options.management;
    HttpServer::Options http_options = *options.http;
    http_options.tls = tls_->http_options(TlsPort::kRest);
    auto http = HttpServer::Start(http_options, RouterOf(inference));
    if (!http.ok()) return http.status();
    http_ = *std::move(http);
  }
  if (!options.management) return absl::OkStatus();
  http_management_ = std::make_unique<HttpManagement>(ModelManagementService(core_->Managed()), options.allowed_hosts);
  routes.management = http_management_.get();
  HttpServer::Options management_options = *options.management;
  management_options.tls = tls_->http_options(TlsPort::kManagement);
  auto management = HttpServer::Start(management_options, RouterOf(routes));
  if (!management.ok()) return management.status();
  management_ = *std::move(management);
  return absl::OkStatus();
}

absl::Status ModelServer::StartConfigPoller(const Options& options) {
  if (options.model_config_file.empty() || options.model_config_poll_wait.count() <= 0) return absl::OkStatus();
  config_poller_ = std::make_unique<ConfigFilePoller>(
      options.model_config_file, options.model_config_poll_wait, options.models,
      [this](const ModelServerConfig& config) {
        std::vector<std::string> added;
        absl::Status taken = core_->configuration()->SetGiven(config, &added);
        if (!taken.ok()) return taken;
        // What is left is to wait for those that are new.
        core_->Change(
            [added](std::vector<std::string>* awaited) {
              *awaited = added;
              return absl::OkStatus();
            },
            [](const absl::Status& status) {
              if (status.ok()) {
                Log(Severity::kInfo, "--model_config_file has changed and was taken over");
              } else {
                Log(Severity::kError, absl::StrCat("--model_config_file has changed: ", status.ToString()));
              }
            });
        return taken;
      });
  return config_poller_->status();
}

std::map<std::string, size_t> ModelServer::WaitingCalls() const {
  std::map<std::string, size_t> waiting;
  if (!fronts_stand_) return waiting;
  const FirstLoads& first_loads = *core_->first_loads();
  waiting["grpc"] = grpc_->waiting_calls() + first_loads.waiting(Protocol::kGrpc);
  if (http_ != nullptr) waiting["rest"] = http_->waiting_calls() + first_loads.waiting(Protocol::kRest);
  return waiting;
}

void ModelServer::ShareReadiness() {
  core_->readiness()->SetListener([this](const std::string& model, bool ready) {
    if (model.empty()) {
      grpc_->SetServing(ready);
    } else {
      grpc_->SetModelServing(model, ready);
    }
  });
}

void ModelServer::BeginLameDuck() {
  if (lame_since_ == std::chrono::steady_clock::time_point()) lame_since_ = std::chrono::steady_clock::now();
  core_->readiness()->SetStopping();
  grpc_->SetServicesServing(false);
}

void ModelServer::Reload(const ModelServerConfig& config, std::function<void(absl::Status)> done) {
  ModelConfiguration* const configuration = core_->configuration();
  core_->Change([configuration, config](std::vector<std::string>* added) { return configuration->Set(config, added); },
                std::move(done));
}

void ModelServer::FlushLogs(std::chrono::milliseconds patience) {
  const auto flushed = std::make_shared<std::promise<void>>();
  // A disk that hangs must not hold the process up.
  auto flushing = StartThread("flush logs", [this, flushed] {
    observability_->FlushLogs();
    flushed->set_value();
  });
  // The caller bounds its own end.
  if (!flushing.ok()) return observability_->FlushLogs();
  flushing->detach();
  flushed->get_future().wait_for(patience);
}

bool ModelServer::Shutdown(std::chrono::milliseconds grace) {
  BeginLameDuck();
  core_->BeginShutdown();
  // Side by side: each gets the whole of the grace. Without a thread for it, one after another, with what is left.
  const auto end = std::chrono::steady_clock::now() + grace;
  const auto left = [end] {
    const auto time = std::chrono::ceil<std::chrono::milliseconds>(end - std::chrono::steady_clock::now());
    return std::max(std::chrono::milliseconds(0), time);
  };
  std::vector<std::thread> others;
  std::vector<HttpServer*> alone;
  std::atomic<bool> done{true};
  for (HttpServer* const http : {http_.get(), management_.get()}) {
    if (http == nullptr) continue;
    auto other = StartThread("stop HTTP", [http, grace, &done] {
      if (!http->Shutdown(grace)) done = false;
    });
    if (other.ok()) {
      others.push_back(*std::move(other));
    } else {
      alone.push_back(http);
    }
  }
  if (!grpc_->Shutdown(grace)) done = false;
  for (HttpServer* const http : alone) {
    if (!http->Shutdown(left())) done = false;
  }
  for (std::thread& other : others) other.join();
  return done;
}

}  // namespace trilho

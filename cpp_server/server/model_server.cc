#include "cpp_server/server/model_server.h"

#include <thread>
#include <utility>

#include "absl/strings/str_cat.h"
#include "cpp_server/logging/log.h"
#include "cpp_server/server/model_table.h"
#include "cpp_server/services/mnist/mnist_service.h"
#include "cpp_server/services/model_service.h"
#include "cpp_server/services/prediction_service.h"
#include "cpp_server/tensorflow/saved_model_loader.h"

namespace trilho {
namespace {

// How often a start that waits for its models asks whether to stop.
constexpr std::chrono::milliseconds kStopPeriod(100);

// How long a start waits for a model whose only version is still being written.
constexpr std::chrono::seconds kWriteWait(10);

bool IsOnTheWay(const ServableState& state) {
  return state.state == ManagerState::kStart || state.state == ManagerState::kLoading;
}

// Whether a model without an available version has one that its Source expects
// to be complete soon.
bool IsBeingWritten(const std::map<std::string, std::vector<ServableState>>& models) {
  for (const auto& model : models) {
    bool available = false, written = false;
    for (const ServableState& state : model.second) {
      available |= state.state == ManagerState::kAvailable;
      written |= state.state == ManagerState::kEnd && absl::IsUnavailable(state.status);
    }
    if (written && !available) return true;
  }
  return false;
}

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

Manager::Options ManagerOptionsOf(const ModelServer::Options& options) {
  SavedModelLoaderOptions loader;
  loader.saved_model = options.saved_model;
  loader.warm_up = options.warm_up;
  loader.log = [](const ServableId& id, const std::string& line) {
    Log(Severity::kInfo, absl::StrCat("model ", id.name, " version ", id.version, ": ", line));
  };
  Manager::Options manager;
  manager.loader_factory = SavedModelLoader::Factory(std::move(loader));
  manager.max_num_load_retries = options.max_num_load_retries;
  manager.load_retry_interval = options.load_retry_interval;
  manager.on_state_change = LogState;
  return manager;
}

}  // namespace

ModelServer::ModelServer(Options options)
    : options_(std::move(options)), manager_(ManagerOptionsOf(options_)), predictor_(&manager_) {}

absl::StatusOr<std::unique_ptr<ModelServer>> ModelServer::Start(Options options, const std::function<bool()>& stop) {
  std::unique_ptr<ModelServer> server(new ModelServer(std::move(options)));
  ModelServer* const self = server.get();

  DiskSource::Options source;
  source.models = self->options_.models;
  source.poll_wait = self->options_.poll_wait;
  source.on_error = [self](const std::string& model, const absl::Status& status) {
    self->OnSourceError(model, status);
  };
  self->source_ = std::make_unique<DiskSource>(std::move(source));
  self->source_->Start([self](const AspiredVersions& versions) { self->OnAspiredVersions(versions); });

  std::vector<std::string> names;
  for (const ModelLocation& model : self->options_.models) names.push_back(model.name);
  while (!self->Settled()) {
    if (stop()) return absl::CancelledError("stopped while models were loaded");
    self->manager_.WaitUntilSettled(names, kStopPeriod);
    // It returns at once if each model has a version or has failed, while others are still loaded.
    std::this_thread::sleep_for(kStopPeriod / 5);
  }

  auto grpc = GrpcServer::Start(self->options_.grpc, {PredictionService(&self->predictor_, &self->hooks_),
                                                      ModelService(&self->manager_), MnistService(&self->predictor_, &self->hooks_)});
  if (!grpc.ok()) return grpc.status();
  self->grpc_ = *std::move(grpc);
  self->grpc_->SetServing(true);
  return server;
}

bool ModelServer::Settled() const {
  std::vector<std::string> waiting;
  {
    MutexLock lock(&mu_);
    if (options_.poll_wait.count() >= 0 && problems_.size() < options_.models.size()) return false;
    for (const auto& model : aspired_) {
      if (model.second) waiting.push_back(model.first);
    }
  }
  const auto all = manager_.GetAllStates();
  for (const std::string& model : waiting) {
    const auto states = all.find(model);
    if (states == all.end()) return false;
    for (const ServableState& state : states->second) {
      // A version that failed once and is to be tried again holds nothing up.
      if (IsOnTheWay(state) && state.status.ok()) return false;
    }
  }
  return std::chrono::steady_clock::now() > start_ + kWriteWait || !IsBeingWritten(all);
}

void ModelServer::OnAspiredVersions(const AspiredVersions& versions) {
  manager_.SetAspiredVersions(versions);
  MutexLock lock(&mu_);
  problems_[versions.model].clear();
  aspired_[versions.model] = !versions.aspired.empty();
}

void ModelServer::OnSourceError(const std::string& model, const absl::Status& status) {
  MutexLock lock(&mu_);
  std::string& known = problems_[model];
  const std::string problem(status.message());
  if (known == problem) return;
  known = problem;
  if (status.ok()) {
    Log(Severity::kInfo, absl::StrCat("model ", model, ": its folder can be read again"));
    return;
  }
  Log(Severity::kWarning, absl::StrCat("model ", model, ": ", status.ToString()));
}

std::string ModelServer::Table() const {
  std::vector<std::string> names;
  for (const ModelLocation& model : options_.models) names.push_back(model.name);
  const auto states = manager_.GetAllStates();
  MutexLock lock(&mu_);
  return ModelTable(names, states, problems_);
}

}  // namespace trilho

#include "cpp_server/server/server_core.h"

#include <algorithm>
#include <memory>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "cpp_server/advice/words.h"
#include "cpp_server/logging/log.h"
#include "cpp_server/server/model_table.h"

namespace trilho {
namespace {

using tensorflow::serving::ModelConfig;
using tensorflow::serving::ModelServerConfig;

// How often a wait asks whether to stop: signals are counted by nobody.
constexpr std::chrono::milliseconds kStopPeriod(100);

}  // namespace

ServerCore::ServerCore(Options options)
    : options_(std::move(options)),
      first_loads_(
          options_.first_loads,
          [this](const std::string& model, Clock::time_point since) {
            return lifecycle_.IsSettled(model, Clock::now() < since + options_.watch.write_wait);
          },
          [this](const std::string& model) { return lifecycle_.Availability(model); }),
      lifecycle_(LifecycleOptions()),
      labels_(&lifecycle_.manager()),
      predictor_(
          &lifecycle_.manager(),
          [this](absl::string_view model, absl::string_view label) { return labels_.Resolve(model, label); },
          [this](absl::string_view model) { return first_loads_.Absence(model); }),
      configuration_([this](const std::vector<ModelSettings>& settings) { return Apply(settings); },
                     ConfigurationOptions()),
      worker_(lifecycle_.changes()) {
  // Before the first model, of which it is told.
  readiness_ = std::make_unique<Readiness>(&lifecycle_.manager(), options_.readiness_of_all_models);
}

ServerCore::~ServerCore() {
  // Its thread asks for what goes now.
  first_loads_.Stop();
}

ModelLifecycle::Options ServerCore::LifecycleOptions() {
  ModelLifecycle::Options options;
  options.watch = options_.watch;
  options.manager = options_.manager;
  options.manager.on_state_change = [this](const ServableState& state) {
    if (options_.manager.on_state_change) options_.manager.on_state_change(state);
    readiness_->Note(state.id.name);
  };
  options.on_change = [this](const std::string& model) { first_loads_.Note(model); };
  return options;
}

ModelConfiguration::Options ServerCore::ConfigurationOptions() {
  ModelConfiguration::Options options = options_.configuration;
  options.in_force = [this](const std::vector<std::string>& models) {
    readiness_->SetModels(models);
    // Models are waited for as long as they are configured.
    lifecycle_.changes()->Note();
  };
  return options;
}

absl::StatusOr<std::unique_ptr<ServerCore>> ServerCore::Create(Options options, const ModelServerConfig& config) {
  std::unique_ptr<ServerCore> core(new ServerCore(std::move(options)));
  for (const absl::Status& status : {core->lifecycle_.status(), core->worker_.status(), core->first_loads_.status()}) {
    if (!status.ok()) return status;
  }
  const absl::Status set = core->configuration_.Begin(config);
  if (!set.ok()) return set;
  return core;
}

absl::Status ServerCore::BeginLoading() { return lifecycle_.Begin(); }

absl::Status ServerCore::Apply(const std::vector<ModelSettings>& settings) {
  std::vector<ModelLocation> locations;
  std::vector<std::string> names;
  locations.reserve(settings.size());
  names.reserve(settings.size());
  Labels labels;
  for (const ModelSettings& model : settings) {
    locations.push_back(model.location);
    names.push_back(model.location.name);
    if (!model.labels.empty()) labels[model.location.name] = model.labels;
  }
  // Steps that may fail come before those that are not to be taken back.
  absl::Status prepared = lifecycle_.Prepare(names);
  if (!prepared.ok()) return prepared;
  absl::Status configured = options_.on_configuration ? options_.on_configuration(settings) : absl::OkStatus();
  if (!configured.ok()) {
    lifecycle_.GiveUp();
    return configured;
  }
  labels_.Set(labels);
  first_loads_.SetModels(names);
  lifecycle_.SetModels(std::move(locations));
  return absl::OkStatus();
}

std::vector<std::string> ServerCore::Names() const {
  std::vector<std::string> names;
  const auto snapshot = configuration_.Get();
  for (const ModelConfig& model : snapshot->config.model_config_list().config()) names.push_back(model.name());
  return names;
}

bool ServerCore::IsConfigured(absl::string_view model) const {
  const auto snapshot = configuration_.Get();
  const auto& models = snapshot->config.model_config_list().config();
  return std::any_of(models.begin(), models.end(),
                     [model](const ModelConfig& config) { return config.name() == model; });
}

absl::Status ServerCore::WaitUntilLoaded(const std::function<bool()>& stop) {
  const auto begin = Clock::now();
  for (;;) {
    const uint64_t seen = lifecycle_.changes()->count();
    if (stop()) return absl::CancelledError("stopped while models were loaded");
    // Somebody may change them meanwhile.
    if (AreSettled(Names(), begin)) break;
    lifecycle_.changes()->WaitUntil(seen, Clock::now() + kStopPeriod);
  }
  readiness_->SetLoaded();
  LogWaitingLabels();
  return absl::OkStatus();
}

void ServerCore::BeginShutdown() {
  worker_.Stop();
  first_loads_.Stop();
}

bool ServerCore::AreSettled(const std::vector<std::string>& models, Clock::time_point begin) const {
  const bool wait_for_writers = Clock::now() < begin + options_.watch.write_wait;
  return std::all_of(models.begin(), models.end(), [&](const std::string& model) {
    return lifecycle_.IsSettled(model, wait_for_writers) || !IsConfigured(model);
  });
}

absl::Status ServerCore::CheckAvailable(const std::vector<std::string>& models) const {
  std::vector<std::string> failed;
  for (const std::string& model : models) {
    if (!IsConfigured(model)) {
      failed.push_back(absl::StrCat("{", model, " due to error: it was removed again meanwhile}"));
      continue;
    }
    const absl::Status available = lifecycle_.Availability(model);
    if (available.ok()) continue;
    failed.push_back(absl::StrCat("{", model, " due to error: ", available.message(), "}"));
  }
  if (failed.empty()) return absl::OkStatus();
  return absl::UnknownError(
      absl::StrCat(failed.size(), " model(s) did not become available: {", absl::StrJoin(failed, ", "), "}"));
}

void ServerCore::Change(ConfigurationChange change, std::function<void(absl::Status)> done) {
  ReloadWorker::Job job;
  // The job goes when it is done.
  const auto added = std::make_shared<std::vector<std::string>>();
  const auto begin = std::make_shared<Clock::time_point>();
  job.change = [change = std::move(change), added, begin] {
    *begin = Clock::now();
    return change(added.get());
  };
  job.is_complete = [this, added, begin] { return AreSettled(*added, *begin); };
  job.result = [this, added] {
    LogWaitingLabels();
    return CheckAvailable(*added);
  };
  job.patience = options_.watch.write_wait;
  job.done = std::move(done);
  worker_.Add(std::move(job));
}

void ServerCore::Retry(const std::string& model, const std::set<int64_t>& versions,
                       std::function<void(absl::Status)> done) {
  const auto tried = std::make_shared<std::set<int64_t>>(versions);
  const auto begin = std::make_shared<Clock::time_point>();
  ReloadWorker::Job job;
  job.change = [this, model, tried, begin] {
    *begin = Clock::now();
    return BeginRetry(model, tried.get());
  };
  job.is_complete = [this, model, begin] { return AreSettled({model}, *begin); };
  job.result = [this, model, tried] { return CheckRetried(model, *tried); };
  job.patience = options_.watch.write_wait;
  job.done = std::move(done);
  worker_.Add(std::move(job));
}

absl::Status ServerCore::BeginRetry(const std::string& model, std::set<int64_t>* versions) {
  if (!IsConfigured(model)) {
    return absl::NotFoundError(
        absl::StrCat("there is no model \"", model, "\"; the models are: ", absl::StrJoin(Names(), ", ")));
  }
  const std::set<int64_t> retriable = manager().GetRetriable(model);
  std::vector<std::string> known;
  for (const ServableState& state : manager().GetStates(model)) {
    known.push_back(absl::StrCat(state.id.version, " (", ShownStateName(state), ")"));
    if (versions->count(state.id.version) == 0 || retriable.count(state.id.version) > 0) continue;
    return absl::FailedPreconditionError(absl::StrCat(
        "version ", state.id.version, " of model ", model, " is ", ShownStateName(state),
        state.status.ok() ? ", it has not failed" : ", but is not wanted any more",
        "; those that can be tried again are: ", retriable.empty() ? "none" : absl::StrJoin(retriable, ", ")));
  }
  for (const int64_t version : *versions) {
    if (retriable.count(version) > 0) continue;
    return absl::NotFoundError(absl::StrCat("there is no version ", version, " of model ", model,
                                            "; there are: ", known.empty() ? "none" : absl::StrJoin(known, ", ")));
  }
  if (versions->empty()) *versions = retriable;
  // A folder that could not be read has no versions yet.
  const auto problems = lifecycle_.Problems();
  const auto problem = problems.find(model);
  if (versions->empty() && (problem == problems.end() || problem->second.empty()) && !known.empty()) {
    return absl::FailedPreconditionError(
        absl::StrCat("no version of model ", model, " has failed; there are: ", absl::StrJoin(known, ", ")));
  }
  lifecycle_.Retry(model, *versions);
  return absl::OkStatus();
}

absl::Status ServerCore::CheckRetried(const std::string& model, const std::set<int64_t>& versions) const {
  if (versions.empty()) return CheckAvailable({model});
  std::map<int64_t, std::string> reasons;
  for (const int64_t version : versions) reasons[version] = "it is not there any more";
  for (const ServableState& state : manager().GetStates(model)) {
    if (state.state == ManagerState::kAvailable) reasons.erase(state.id.version);
    const auto found = reasons.find(state.id.version);
    if (found != reasons.end()) {
      found->second = state.status.ok() ? ManagerStateName(state.state) : state.status.ToString();
    }
  }
  if (reasons.empty()) return absl::OkStatus();
  std::vector<std::string> failed;
  failed.reserve(reasons.size());
  for (const auto& [version, reason] : reasons) {
    failed.push_back(absl::StrCat("{", model, " version ", version, " due to error: ", reason, "}"));
  }
  return absl::UnknownError(absl::StrCat(Counted(failed.size(), "version"), " did not become available: {",
                                         absl::StrJoin(failed, ", "), "}"));
}

ManagedServer ServerCore::Managed() {
  ManagedServer managed;
  managed.configuration = &configuration_;
  managed.manager = &manager();
  managed.labels = &labels_;
  managed.problems = [this] { return lifecycle_.Problems(); };
  managed.change = [this](ConfigurationChange change, std::function<void(absl::Status)> done) {
    Change(std::move(change), std::move(done));
  };
  managed.retry = [this](const std::string& model, const std::set<int64_t>& versions,
                         std::function<void(absl::Status)> done) { Retry(model, versions, std::move(done)); };
  return managed;
}

std::string ServerCore::Table() const {
  return ModelTable(Names(), manager().GetAllStates(), lifecycle_.Problems(), labels_.Warnings());
}

void ServerCore::LogWaitingLabels() const {
  for (const auto& [model, warnings] : labels_.Warnings()) {
    for (const std::string& warning : warnings) {
      Log(Severity::kWarning, absl::StrCat("model ", model, ": ", warning));
    }
  }
}

}  // namespace trilho

#include "cpp_server/server/server_core.h"

#include <algorithm>
#include <memory>
#include <thread>
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

// How often a wait looks whether it may end.
constexpr std::chrono::milliseconds kWaitPeriod(20);

bool IsOnTheWay(const ServableState& state) {
  return state.state == ManagerState::kStart || state.state == ManagerState::kLoading;
}

// Whether a model has no available version but one that its source expects to
// be complete soon.
bool IsBeingWritten(const std::vector<ServableState>& states) {
  bool available = false, written = false;
  for (const ServableState& state : states) {
    available |= state.state == ManagerState::kAvailable;
    written |= state.state == ManagerState::kEnd && absl::IsUnavailable(state.status);
  }
  return written && !available;
}

}  // namespace

ServerCore::ServerCore(Options options)
    : options_(std::move(options)),
      first_loads_(
          options_.first_loads,
          [this](const std::string& model, Clock::time_point since) {
            return IsSettled(model, Clock::now() < since + options_.write_wait);
          },
          [this](const std::string& model) { return Availability(model); }),
      readiness_(&manager_, options_.readiness_of_all_models),
      manager_(WatchedOptions(options_.manager)),
      labels_(&manager_),
      predictor_(
          &manager_, [this](absl::string_view model, absl::string_view label) { return labels_.Resolve(model, label); },
          [this](absl::string_view model) { return first_loads_.Absence(model); }),
      configuration_([this](const std::vector<ModelSettings>& settings) { return Apply(settings); },
                     WatchedOptions(options_.configuration)) {}

ServerCore::~ServerCore() {
  // Its thread asks for what goes now.
  first_loads_.Stop();
  MutexLock lock(&source_mu_);
  watched_source_ = nullptr;
}

ManagerOptions ServerCore::WatchedOptions(ManagerOptions options) {
  options.on_state_change = [this, log = std::move(options.on_state_change)](const ServableState& state) {
    if (log) log(state);
    OnStateChange(state);
  };
  return options;
}

ModelConfiguration::Options ServerCore::WatchedOptions(ModelConfiguration::Options options) {
  options.in_force = [this](const std::vector<std::string>& models) { readiness_.SetModels(models); };
  return options;
}

absl::StatusOr<std::unique_ptr<ServerCore>> ServerCore::Create(Options options, const ModelServerConfig& config) {
  std::unique_ptr<ServerCore> core(new ServerCore(std::move(options)));
  ServerCore* const self = core.get();
  DiskSource::Options source;
  source.poll_wait = self->options_.poll_wait;
  source.completeness = self->options_.completeness;
  source.settle_time = self->options_.settle_time;
  source.health = [self](const std::string& model) {
    return ModelHealth{self->manager_.GetFailing(model),
                       self->manager_.GetUntypedServableHandle({model, absl::nullopt}).ok()};
  };
  source.on_error = [self](const std::string& model, const absl::Status& status, uint64_t generation) {
    self->OnSourceError(model, status, generation);
  };
  self->source_ = std::make_unique<DiskSource>(std::move(source));
  {
    MutexLock lock(&self->source_mu_);
    self->watched_source_ = self->source_.get();
  }
  for (const absl::Status& status : {self->manager_.status(), self->worker_.status(), self->first_loads_.status()}) {
    if (!status.ok()) return status;
  }
  const absl::Status set = self->configuration_.Begin(config);
  if (!set.ok()) return set;
  return core;
}

absl::Status ServerCore::BeginLoading() {
  return source_->Start([this](const AspiredVersions& versions) { OnAspiredVersions(versions); });
}

absl::Status ServerCore::Apply(const std::vector<ModelSettings>& settings) {
  // Threads first: what may fail comes before what is not to be taken back.
  std::vector<std::string> names;
  if (options_.poll_wait.count() >= 0) {
    for (const ModelSettings& model : settings) names.push_back(model.location.name);
  }
  std::vector<std::string> prepared;
  const absl::Status threads = manager_.Prepare(names, &prepared);
  if (!threads.ok()) return threads;
  const auto configure = [this](const std::vector<ModelSettings>& models) {
    return options_.on_configuration ? options_.on_configuration(models) : absl::OkStatus();
  };
  absl::Status taken = configure(settings);
  if (taken.ok()) {
    taken = Watch(settings);
    if (!taken.ok()) {
      // What was in force needs no thread that is not there.
      absl::Status restored = configure(applied_);
      restored.Update(Watch(applied_));
      if (!restored.ok()) Log(Severity::kError, absl::StrCat("the configuration before: ", restored.ToString()));
    }
  }
  if (!taken.ok()) {
    manager_.GiveUp(prepared);
    return taken;
  }
  applied_ = settings;
  return absl::OkStatus();
}

absl::Status ServerCore::Watch(const std::vector<ModelSettings>& settings) {
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
  labels_.Set(labels);
  uint64_t generation = 0;
  {
    MutexLock lock(&mu_);
    told_.clear();
    generation = ++generation_;
  }
  first_loads_.SetModels(names);
  return source_->SetModels(std::move(locations), generation);
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
    if (stop()) return absl::CancelledError("stopped while models were loaded");
    // Somebody may change them meanwhile.
    if (AreSettled(Names(), begin)) break;
    std::this_thread::sleep_for(kWaitPeriod);
  }
  readiness_.SetLoaded();
  LogWaitingLabels();
  return absl::OkStatus();
}

void ServerCore::BeginShutdown() {
  worker_.Stop();
  first_loads_.Stop();
}

bool ServerCore::AreSettled(const std::vector<std::string>& models, Clock::time_point begin) const {
  const bool wait_for_writers = Clock::now() < begin + options_.write_wait;
  return std::all_of(models.begin(), models.end(), [&](const std::string& model) {
    return !IsConfigured(model) || IsSettled(model, wait_for_writers);
  });
}

bool ServerCore::IsSettled(const std::string& model, bool wait_for_writers) const {
  // Without polls the source says nothing.
  if (options_.poll_wait.count() < 0) return true;
  Told told;
  {
    MutexLock lock(&mu_);
    const auto found = told_.find(model);
    if (found == told_.end()) return false;
    told = found->second;
  }
  // After that, so that what is offered is in it.
  const std::vector<ServableState> states = manager_.GetStates(model);
  if (told.aspires && states.empty()) return false;
  bool available = false, unloading = false;
  for (const ServableState& state : states) {
    // A version that failed once and is to be tried again holds nothing up.
    if (IsOnTheWay(state) && state.status.ok()) return false;
    available |= state.state == ManagerState::kAvailable;
    unloading |= state.state == ManagerState::kUnloading;
  }
  if (available) return true;
  // A version that is wanted again while it is unloaded is loaded anew after that.
  if (told.aspires && unloading) return false;
  // Of what fails now the source has something to say yet.
  const std::set<int64_t> failing = manager_.GetFailing(model);
  if (told.problem.empty() &&
      !std::includes(told.failing.begin(), told.failing.end(), failing.begin(), failing.end())) {
    return false;
  }
  return !(wait_for_writers && IsBeingWritten(states));
}

absl::Status ServerCore::Availability(const std::string& model) const {
  if (manager_.GetUntypedServableHandle({model, absl::nullopt}).ok()) return absl::OkStatus();
  for (const ServableState& state : manager_.GetStates(model)) {
    if (!state.status.ok()) return absl::UnavailableError(state.status.ToString());
  }
  MutexLock lock(&mu_);
  const auto told = told_.find(model);
  const bool has_problem = told != told_.end() && !told->second.problem.empty();
  return absl::UnavailableError(has_problem ? told->second.problem : "it has no versions");
}

absl::Status ServerCore::CheckAvailable(const std::vector<std::string>& models) const {
  std::vector<std::string> failed;
  for (const std::string& model : models) {
    if (!IsConfigured(model)) {
      failed.push_back(absl::StrCat("{", model, " due to error: it was removed again meanwhile}"));
      continue;
    }
    const absl::Status available = Availability(model);
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
  job.done = std::move(done);
  worker_.Add(std::move(job));
}

absl::Status ServerCore::BeginRetry(const std::string& model, std::set<int64_t>* versions) {
  if (!IsConfigured(model)) {
    return absl::NotFoundError(
        absl::StrCat("there is no model \"", model, "\"; the models are: ", absl::StrJoin(Names(), ", ")));
  }
  const std::set<int64_t> retriable = manager_.GetRetriable(model);
  std::vector<std::string> known;
  for (const ServableState& state : manager_.GetStates(model)) {
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
  const auto problems = Problems();
  const auto problem = problems.find(model);
  if (versions->empty() && (problem == problems.end() || problem->second.empty()) && !known.empty()) {
    return absl::FailedPreconditionError(
        absl::StrCat("no version of model ", model, " has failed; there are: ", absl::StrJoin(known, ", ")));
  }
  {
    // What the source has told is older than this.
    MutexLock lock(&mu_);
    told_.erase(model);
  }
  manager_.Retry(model, *versions);
  source_->LookAgain(model);
  return absl::OkStatus();
}

absl::Status ServerCore::CheckRetried(const std::string& model, const std::set<int64_t>& versions) const {
  if (versions.empty()) return CheckAvailable({model});
  std::map<int64_t, std::string> reasons;
  for (const int64_t version : versions) reasons[version] = "it is not there any more";
  for (const ServableState& state : manager_.GetStates(model)) {
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
  managed.manager = &manager_;
  managed.labels = &labels_;
  managed.problems = [this] { return Problems(); };
  managed.change = [this](ConfigurationChange change, std::function<void(absl::Status)> done) {
    Change(std::move(change), std::move(done));
  };
  managed.retry = [this](const std::string& model, const std::set<int64_t>& versions,
                         std::function<void(absl::Status)> done) { Retry(model, versions, std::move(done)); };
  return managed;
}

void ServerCore::OnStateChange(const ServableState& state) {
  first_loads_.Note(state.id.name);
  readiness_.Note(state.id.name);
  // A version that fails, or loads at last, may change what the source offers.
  if (state.status.ok() && state.state != ManagerState::kAvailable) return;
  MutexLock lock(&source_mu_);
  if (watched_source_ != nullptr) watched_source_->CheckHealth(state.id.name);
}

void ServerCore::OnAspiredVersions(const AspiredVersions& versions) {
  manager_.SetAspiredVersions(versions);
  if (!versions.is_watched) return;
  std::set<int64_t> substitutes;
  for (const AspiredVersion& version : versions.aspired) {
    if (version.is_substitute) substitutes.insert(version.version);
  }
  MutexLock lock(&mu_);
  if (versions.generation != generation_) return;
  Told& told = told_[versions.model];
  told.problem.clear();
  told.aspires = !versions.aspired.empty();
  told.failing = versions.failing;
  first_loads_.Note(versions.model);
  for (const int64_t version : substitutes) {
    if (told.substitutes.count(version) > 0) continue;
    Log(Severity::kWarning, absl::StrCat("model ", versions.model, " version ", version,
                                         ": loaded in place of version ", versions.aspired.front().version,
                                         ", which does not load, until that does or a newer one is there"));
  }
  told.substitutes = std::move(substitutes);
}

void ServerCore::OnSourceError(const std::string& model, const absl::Status& status, uint64_t generation) {
  MutexLock lock(&mu_);
  if (generation != generation_) return;
  const std::string problem(status.message());
  Told& told = told_[model];
  const bool had_problem = !told.problem.empty();
  if (had_problem && told.problem == problem) return;
  told.problem = problem;
  first_loads_.Note(model);
  if (!status.ok()) {
    Log(Severity::kWarning, absl::StrCat("model ", model, ": ", status.ToString()));
  } else if (had_problem) {
    Log(Severity::kInfo, absl::StrCat("model ", model, ": its folder can be read again"));
  }
}

std::map<std::string, std::string> ServerCore::Problems() const {
  MutexLock lock(&mu_);
  std::map<std::string, std::string> problems;
  for (const auto& [model, told] : told_) problems[model] = told.problem;
  return problems;
}

std::string ServerCore::Table() const {
  return ModelTable(Names(), manager_.GetAllStates(), Problems(), labels_.Warnings());
}

void ServerCore::LogWaitingLabels() const {
  for (const auto& [model, warnings] : labels_.Warnings()) {
    for (const std::string& warning : warnings) {
      Log(Severity::kWarning, absl::StrCat("model ", model, ": ", warning));
    }
  }
}

}  // namespace trilho

#include "cpp_server/server/server_core.h"

#include <algorithm>
#include <thread>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "cpp_server/logging/log.h"
#include "cpp_server/server/model_table.h"

namespace trilho {
namespace {

using tensorflow::serving::ModelConfig;
using tensorflow::serving::ModelServerConfig;

// How often a wait looks whether it may end.
constexpr std::chrono::milliseconds kWaitPeriod(20);

// How long it waits for a model whose only version is still being written.
constexpr std::chrono::seconds kWriteWait(10);

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
      manager_(options_.manager),
      labels_(&manager_),
      predictor_(&manager_,
                 [this](absl::string_view model, absl::string_view label) { return labels_.Resolve(model, label); }),
      configuration_([this](const std::vector<ModelSettings>& settings) { return Apply(settings); },
                     options_.configuration) {}

absl::StatusOr<std::unique_ptr<ServerCore>> ServerCore::Create(Options options, const ModelServerConfig& config) {
  std::unique_ptr<ServerCore> core(new ServerCore(std::move(options)));
  ServerCore* const self = core.get();
  DiskSource::Options source;
  source.poll_wait = self->options_.poll_wait;
  source.completeness = self->options_.completeness;
  source.settle_time = self->options_.settle_time;
  source.on_error = [self](const std::string& model, const absl::Status& status) {
    self->OnSourceError(model, status);
  };
  self->source_ = std::make_unique<DiskSource>(std::move(source));
  const absl::Status set = self->configuration_.Set(config, nullptr);
  if (!set.ok()) return set;
  return core;
}

void ServerCore::BeginLoading() {
  source_->Start([this](const AspiredVersions& versions) { OnAspiredVersions(versions); });
}

absl::Status ServerCore::Apply(const std::vector<ModelSettings>& settings) {
  absl::Status taken = options_.on_configuration ? options_.on_configuration(settings) : absl::OkStatus();
  if (!taken.ok()) return taken;
  std::vector<ModelLocation> locations;
  Labels labels;
  for (const ModelSettings& model : settings) {
    locations.push_back(model.location);
    if (!model.labels.empty()) labels[model.location.name] = model.labels;
  }
  labels_.Set(labels);
  MutexLock lock(&mu_);
  problems_.clear();
  aspired_.clear();
  models_number_ = source_->SetModels(std::move(locations));
  return absl::OkStatus();
}

std::vector<std::string> ServerCore::Names() const {
  std::vector<std::string> names;
  // Not in a temporary's field: a range-for does not keep the temporary.
  const ModelConfiguration::Snapshot snapshot = configuration_.Get();
  for (const ModelConfig& model : snapshot.config.model_config_list().config()) names.push_back(model.name());
  return names;
}

absl::Status ServerCore::WaitUntilLoaded(const std::function<bool()>& stop) const {
  // Somebody may change them meanwhile.
  return WaitFor([this] { return Names(); }, stop);
}

absl::Status ServerCore::WaitFor(const std::function<std::vector<std::string>()>& models,
                                 const std::function<bool()>& stop) const {
  const auto begin = std::chrono::steady_clock::now();
  for (;;) {
    if (stop()) return absl::CancelledError("stopped while models were loaded");
    const bool wait_for_writers = std::chrono::steady_clock::now() < begin + kWriteWait;
    const auto settled = [this, wait_for_writers](const std::string& model) {
      return IsSettled(model, wait_for_writers);
    };
    const std::vector<std::string> names = models();
    if (std::all_of(names.begin(), names.end(), settled)) return absl::OkStatus();
    std::this_thread::sleep_for(kWaitPeriod);
  }
}

bool ServerCore::IsSettled(const std::string& model, bool wait_for_writers) const {
  // Without polls the source says nothing.
  if (options_.poll_wait.count() < 0) return true;
  bool aspired = false;
  {
    MutexLock lock(&mu_);
    if (problems_.count(model) == 0) return false;
    const auto found = aspired_.find(model);
    aspired = found != aspired_.end() && found->second;
  }
  // After that, so that what is aspired is in it.
  const std::vector<ServableState> states = manager_.GetStates(model);
  if (aspired && states.empty()) return false;
  bool available = false, unloading = false;
  for (const ServableState& state : states) {
    // A version that failed once and is to be tried again holds nothing up.
    if (IsOnTheWay(state) && state.status.ok()) return false;
    available |= state.state == ManagerState::kAvailable;
    unloading |= state.state == ManagerState::kUnloading;
  }
  if (available) return true;
  // A version that is wanted again while it is unloaded is loaded anew after that.
  if (aspired && unloading) return false;
  return !(wait_for_writers && IsBeingWritten(states));
}

absl::Status ServerCore::CheckAvailable(const std::vector<std::string>& models) const {
  const auto problems = Problems();
  std::vector<std::string> failed;
  for (const std::string& model : models) {
    if (manager_.GetUntypedServableHandle({model, absl::nullopt}).ok()) continue;
    const auto problem = problems.find(model);
    std::string reason = problem == problems.end() || problem->second.empty() ? "it has no versions" : problem->second;
    for (const ServableState& state : manager_.GetStates(model)) {
      if (state.status.ok()) continue;
      reason = state.status.ToString();
      break;
    }
    failed.push_back(absl::StrCat("{", model, " due to error: ", reason, "}"));
  }
  if (failed.empty()) return absl::OkStatus();
  return absl::UnknownError(
      absl::StrCat(failed.size(), " model(s) did not become available: {", absl::StrJoin(failed, ", "), "}"));
}

void ServerCore::Change(ConfigurationChange change, std::function<void(absl::Status)> done) {
  worker_.Add([this, change = std::move(change), done = std::move(done)](const std::atomic<bool>& stopped) {
    if (stopped) return done(absl::UnavailableError("the server is shutting down"));
    std::vector<std::string> added;
    const absl::Status changed = change(&added);
    if (!changed.ok()) return done(changed);
    const absl::Status waited = WaitFor([&added] { return added; }, [&stopped] { return stopped.load(); });
    if (!waited.ok()) {
      return done(absl::UnavailableError("the configuration was taken, but the server shut down before it was loaded"));
    }
    done(CheckAvailable(added));
  });
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
  return managed;
}

void ServerCore::OnAspiredVersions(const AspiredVersions& versions) {
  manager_.SetAspiredVersions(versions);
  MutexLock lock(&mu_);
  if (source_->told_models() != models_number_) return;
  problems_[versions.model].clear();
  aspired_[versions.model] = !versions.aspired.empty();
}

void ServerCore::OnSourceError(const std::string& model, const absl::Status& status) {
  MutexLock lock(&mu_);
  if (source_->told_models() != models_number_) return;
  const std::string problem(status.message());
  const auto known = problems_.find(model);
  const bool had_problem = known != problems_.end() && !known->second.empty();
  if (had_problem && known->second == problem) return;
  problems_[model] = problem;
  if (!status.ok()) {
    Log(Severity::kWarning, absl::StrCat("model ", model, ": ", status.ToString()));
  } else if (had_problem) {
    Log(Severity::kInfo, absl::StrCat("model ", model, ": its folder can be read again"));
  }
}

std::map<std::string, std::string> ServerCore::Problems() const {
  MutexLock lock(&mu_);
  return problems_;
}

std::string ServerCore::Table() const { return ModelTable(Names(), manager_.GetAllStates(), Problems()); }

}  // namespace trilho

#include "cpp_server/kserve/kserve_repository.h"

#include <chrono>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "cpp_server/core/servable_state.h"
#include "cpp_server/kserve/infer.h"

namespace trilho {
namespace {

using inference::ModelStatisticsResponse;
using inference::RepositoryIndexResponse;

constexpr char kStateReady[] = "READY";

// Triton's word for what ManagerStateName says.
const char* TritonState(absl::string_view state) {
  if (state == ManagerStateName(ManagerState::kAvailable)) return kStateReady;
  if (state == ManagerStateName(ManagerState::kUnloading)) return "UNLOADING";
  return state == ManagerStateName(ManagerState::kEnd) ? "UNAVAILABLE" : "LOADING";
}

void Set(uint64_t count, std::chrono::nanoseconds time, inference::StatisticDuration* duration) {
  duration->set_count(count);
  duration->set_ns(static_cast<uint64_t>(time.count()));
}

uint64_t MillisSince1970(std::chrono::steady_clock::time_point time) {
  const auto ago = std::chrono::steady_clock::now() - time;
  const auto at = (std::chrono::system_clock::now() - ago).time_since_epoch();
  return static_cast<uint64_t>(std::chrono::duration_cast<std::chrono::milliseconds>(at).count());
}

}  // namespace

absl::StatusOr<RepositoryIndexResponse> KServeRepository::Index(bool only_ready) const {
  absl::Status allowed = CheckAllowed();
  if (!allowed.ok()) return allowed;
  RepositoryIndexResponse response;
  const auto add = [&](const std::string& name, std::string version, const char* state, std::string reason) {
    if (only_ready && state != absl::string_view(kStateReady)) return;
    RepositoryIndexResponse::ModelIndex* const entry = response.add_models();
    entry->set_name(name);
    entry->set_version(std::move(version));
    entry->set_state(state);
    entry->set_reason(std::move(reason));
  };
  const management::ListModelsResponse models = models_();
  for (const management::Model& model : models.models()) {
    if (model.versions().empty()) {
      add(model.name(), "", "UNAVAILABLE", model.problem().empty() ? "no version was found" : model.problem());
    }
    for (const management::ModelVersion& version : model.versions()) {
      const char* const state = TritonState(version.state());
      const bool unloaded = version.state() == ManagerStateName(ManagerState::kEnd) && version.error_message().empty();
      add(model.name(), absl::StrCat(version.version()), state, unloaded ? "unloaded" : version.error_message());
    }
  }
  return response;
}

absl::StatusOr<ModelStatisticsResponse> KServeRepository::Statistics(const std::string& model,
                                                                     const std::string& version) const {
  absl::Status allowed = CheckAllowed();
  if (!allowed.ok()) return allowed;
  ModelStatisticsResponse response;
  if (model.empty()) {
    const management::ListModelsResponse models = models_();
    for (const management::Model& known : models.models()) AddAvailable(known.name(), &response);
    return response;
  }
  const auto found = predictor_.FindModel(KServeSpec(model, version));
  if (!found.ok()) return found.status();
  if (version.empty()) {
    AddAvailable(model, &response);
  } else {
    Add(model, found->version(), &response);
  }
  return response;
}

absl::Status KServeRepository::LoadRefused() const {
  absl::Status allowed = CheckAllowed();
  if (!allowed.ok()) return allowed;
  return absl::UnimplementedError(
      "models are not loaded or unloaded by the repository API; trilho.management.ModelManagementService adds and "
      "removes models (AddModel, RemoveModel), and a version is served for as long as it is in its model's folder");
}

absl::Status KServeRepository::CheckAllowed() const {
  if (models_) return absl::OkStatus();
  return absl::PermissionDeniedError(
      "the list of models and what is asked of them are on the port of --management_port: /v1/models, /metrics, and "
      "ModelManagementService to add and remove models");
}

void KServeRepository::Add(const std::string& model, int64_t version, ModelStatisticsResponse* response) const {
  const TotalStatistics total = statistics_.Total(model, version);
  inference::ModelStatistics* const added = response->add_model_stats();
  added->set_name(model);
  added->set_version(absl::StrCat(version));
  if (total.last) added->set_last_inference(MillisSince1970(*total.last));
  added->set_inference_count(total.examples);
  added->set_execution_count(total.succeeded);
  inference::InferStatistics* const durations = added->mutable_inference_stats();
  Set(total.succeeded, total.succeeded_time, durations->mutable_success());
  Set(total.failed, total.failed_time, durations->mutable_fail());
  Set(total.succeeded, total.queued, durations->mutable_queue());
  Set(total.succeeded, std::chrono::nanoseconds(0), durations->mutable_compute_input());
  Set(total.succeeded, total.run, durations->mutable_compute_infer());
  Set(total.succeeded, std::chrono::nanoseconds(0), durations->mutable_compute_output());
}

void KServeRepository::AddAvailable(const std::string& model, ModelStatisticsResponse* response) const {
  for (const ServableState& state : manager_.GetStates(model)) {
    if (state.state == ManagerState::kAvailable) Add(model, state.id.version, response);
  }
}

}  // namespace trilho

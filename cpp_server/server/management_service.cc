#include "cpp_server/server/management_service.h"

#include <algorithm>
#include <memory>
#include <string>
#include <utility>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/string_view.h"
#include "cpp_server/config/model_config.h"
#include "cpp_server/config/text_proto.h"
#include "cpp_server/rpc/later_answer.h"
#include "google/protobuf/text_format.h"
#include "google/protobuf/util/message_differencer.h"

namespace trilho {
namespace {

using management::AddModelRequest;
using management::Configuration;
using management::GetConfigurationRequest;
using management::ListModelsRequest;
using management::ListModelsResponse;
using management::RemoveModelRequest;
using management::RetryModelRequest;
using management::RetryModelResponse;
using management::SetConfigurationRequest;
using tensorflow::serving::ModelConfig;
using tensorflow::serving::ModelServerConfig;

Configuration Describe(const ModelConfiguration::Snapshot& snapshot) {
  Configuration configuration;
  google::protobuf::TextFormat::PrintToString(snapshot.config, configuration.mutable_model_server_config());
  configuration.set_generation(snapshot.generation);
  return configuration;
}

using Answer = std::shared_ptr<LaterAnswer>;
using ConfigEdit = std::function<absl::Status(ModelServerConfig*)>;

// Makes the change and answers with the configuration that came of it, even if others have changed it since. If the
// models that are new in it do not become available, `undo`, which may be empty, takes it back.
void Change(const ManagedServer& server, uint64_t generation, ConfigEdit edit, const ConfigEdit& undo,
            const Answer& answer) {
  ModelConfiguration* const configuration = server.configuration;
  const auto made = std::make_shared<Configuration>();
  server.change(
      [configuration, generation, edit = std::move(edit), made](std::vector<std::string>* added) {
        absl::Status edited = configuration->Edit(generation, edit, added);
        if (edited.ok()) *made = Describe(*configuration->Get());
        return edited;
      },
      [configuration, made, undo, answer](const absl::Status& status) {
        answer->Give([&]() -> absl::StatusOr<std::string> {
          if (status.ok()) return made->SerializeAsString();
          const bool was_made = made->generation() > 0;
          if (!was_made || !undo) return status;
          const absl::Status undone = configuration->Edit(0, undo, nullptr);
          // Somebody else was first.
          if (absl::IsNotFound(undone)) return status;
          const std::string now = undone.ok() ? "it is not configured any more"
                                              : absl::StrCat("it stays configured all the same: ", undone.message());
          return absl::Status(status.code(), absl::StrCat(status.message(), "; ", now));
        });
      });
}

void SetConfiguration(const ManagedServer& server, absl::string_view bytes, const Answer& answer) {
  SetConfigurationRequest request;
  const absl::Status read = ParseRequest(bytes, &request);
  if (!read.ok()) return answer->Fail(read);
  ModelServerConfig wanted;
  const absl::Status parsed = ParseTextProto("model_server_config", request.model_server_config(), &wanted);
  if (!parsed.ok()) return answer->Fail(parsed);
  const absl::Status says = CheckSaysSomething(wanted);
  if (!says.ok()) {
    return answer->Fail(absl::InvalidArgumentError(absl::StrCat("model_server_config: ", says.message())));
  }
  Change(
      server, request.generation(),
      [wanted = std::move(wanted)](ModelServerConfig* config) {
        *config = wanted;
        return absl::OkStatus();
      },
      /*undo=*/{}, answer);
}

void AddModel(const ManagedServer& server, absl::string_view bytes, const Answer& answer) {
  AddModelRequest request;
  const absl::Status read = ParseRequest(bytes, &request);
  if (!read.ok()) return answer->Fail(read);
  ModelConfig model;
  const absl::Status parsed = ParseTextProto("model_config", request.model_config(), &model);
  if (!parsed.ok()) return answer->Fail(parsed);
  Change(
      server, request.generation(),
      [model](ModelServerConfig* config) {
        for (const ModelConfig& known : config->model_config_list().config()) {
          if (known.name() != model.name()) continue;
          return absl::AlreadyExistsError(absl::StrCat("there is a model \"", model.name(), "\" at ", known.base_path(),
                                                       "; remove it, or reload the configuration"));
        }
        *config->mutable_model_config_list()->add_config() = model;
        return absl::OkStatus();
      },
      [model](ModelServerConfig* config) {
        auto* const models = config->mutable_model_config_list()->mutable_config();
        const auto added = std::find_if(models->begin(), models->end(), [&model](const ModelConfig& known) {
          return google::protobuf::util::MessageDifferencer::Equals(known, model);
        });
        if (added == models->end()) return absl::NotFoundError("somebody has changed or removed it since");
        models->erase(added);
        return absl::OkStatus();
      },
      answer);
}

void RemoveModel(const ManagedServer& server, absl::string_view bytes, const Answer& answer) {
  RemoveModelRequest request;
  const absl::Status read = ParseRequest(bytes, &request);
  if (!read.ok()) return answer->Fail(read);
  const std::string name = request.name();
  Change(
      server, request.generation(),
      [name](ModelServerConfig* config) {
        auto* models = config->mutable_model_config_list()->mutable_config();
        std::vector<std::string> names;
        for (const ModelConfig& model : *models) names.push_back(model.name());
        const auto found = std::find(names.begin(), names.end(), name);
        if (found == names.end()) {
          return absl::NotFoundError(
              absl::StrCat("there is no model \"", name, "\"; the models are: ", absl::StrJoin(names, ", ")));
        }
        models->erase(models->begin() + (found - names.begin()));
        return absl::OkStatus();
      },
      /*undo=*/{}, answer);
}

void RetryModel(const ManagedServer& server, absl::string_view bytes, const Answer& answer) {
  RetryModelRequest request;
  const absl::Status read = ParseRequest(bytes, &request);
  if (!read.ok()) return answer->Fail(read);
  server.retry(request.name(), {request.versions().begin(), request.versions().end()},
               [server, name = request.name(), answer](const absl::Status& status) {
                 answer->Give([&]() -> absl::StatusOr<std::string> {
                   if (!status.ok()) return status;
                   RetryModelResponse response;
                   const ListModelsResponse models = ListModels(server);
                   for (const management::Model& model : models.models()) {
                     if (model.name() == name) *response.mutable_model() = model;
                   }
                   return response.SerializeAsString();
                 });
               });
}

}  // namespace

ListModelsResponse ListModels(const ManagedServer& server) {
  const auto snapshot = server.configuration->Get();
  const auto problems = server.problems();
  const Labels labels = server.labels->Get();
  const Labels waiting = server.labels->Waiting();
  const auto warnings = server.labels->Warnings();
  ListModelsResponse response;
  response.set_generation(snapshot->generation);
  for (const ModelConfig& config : snapshot->config.model_config_list().config()) {
    management::Model* model = response.add_models();
    model->set_name(config.name());
    model->set_base_path(config.base_path());
    const auto problem = problems.find(config.name());
    if (problem != problems.end()) model->set_problem(problem->second);
    const auto labelled = labels.find(config.name());
    if (labelled != labels.end()) model->mutable_labels()->insert(labelled->second.begin(), labelled->second.end());
    const auto waits = waiting.find(config.name());
    if (waits != waiting.end()) model->mutable_waiting_labels()->insert(waits->second.begin(), waits->second.end());
    const auto warned = warnings.find(config.name());
    if (warned != warnings.end()) *model->mutable_warnings() = {warned->second.begin(), warned->second.end()};
    for (const ServableState& state : server.manager->GetStates(config.name())) {
      management::ModelVersion* version = model->add_versions();
      version->set_version(state.id.version);
      version->set_state(ManagerStateName(state.state));
      version->set_error_code(absl::StatusCodeToString(state.status.code()));
      version->set_error_message(std::string(state.status.message()));
      version->set_progress(state.progress);
    }
  }
  return response;
}

ServiceDefinition ModelManagementService(const ManagedServer& server) {
  ServiceDefinition service;
  service.name = "trilho.management.ModelManagementService";
  service.methods.push_back(
      MessageMethod<ListModelsRequest, ListModelsResponse>("ListModels", [server](const auto&, auto* response) {
        *response = ListModels(server);
        return absl::OkStatus();
      }));
  service.methods.push_back(
      MessageMethod<GetConfigurationRequest, Configuration>("GetConfiguration", [server](const auto&, auto* response) {
        *response = Describe(*server.configuration->Get());
        return absl::OkStatus();
      }));
  const auto later = [&](std::string name, auto handle) {
    service.methods.push_back(LaterMethod(
        std::move(name),
        [server, handle](absl::string_view request, const Answer& answer) { handle(server, request, answer); }));
  };
  later("SetConfiguration", SetConfiguration);
  later("AddModel", AddModel);
  later("RemoveModel", RemoveModel);
  later("RetryModel", RetryModel);
  return service;
}

}  // namespace trilho

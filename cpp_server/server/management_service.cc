#include "cpp_server/server/management_service.h"

#include <algorithm>
#include <memory>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "cpp_server/advice/words.h"
#include "cpp_server/config/model_config.h"
#include "cpp_server/config/text_proto.h"
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

template <typename Request>
bool Parse(UnaryCall* call, Request* request) {
  if (request->ParseFromArray(call->request().data(), static_cast<int>(call->request().size()))) return true;
  call->Fail(absl::InvalidArgumentError("the request is not " + WithArticle(request->GetTypeName())));
  return false;
}

using ConfigEdit = std::function<absl::Status(ModelServerConfig*)>;

// Makes the change and answers with the configuration that came of it, even if others have changed it since. If the
// models that are new in it do not become available, `undo`, which may be empty, takes it back.
void Change(const ManagedServer& server, uint64_t generation, ConfigEdit edit, const ConfigEdit& undo,
            UnaryCall* call) {
  ModelConfiguration* const configuration = server.configuration;
  const auto made = std::make_shared<Configuration>();
  server.change(
      [configuration, generation, edit = std::move(edit), made](std::vector<std::string>* added) {
        absl::Status edited = configuration->Edit(generation, edit, added);
        if (edited.ok()) *made = Describe(*configuration->Get());
        return edited;
      },
      [configuration, made, undo, call](const absl::Status& status) {
        if (status.ok()) return call->Reply(made->SerializeAsString());
        const bool was_made = made->generation() > 0;
        if (!was_made || !undo) return call->Fail(status);
        const absl::Status undone = configuration->Edit(0, undo, nullptr);
        // Somebody else was first.
        if (absl::IsNotFound(undone)) return call->Fail(status);
        const std::string now = undone.ok() ? "it is not configured any more"
                                            : absl::StrCat("it stays configured all the same: ", undone.message());
        call->Fail(absl::Status(status.code(), absl::StrCat(status.message(), "; ", now)));
      });
}

void SetConfiguration(const ManagedServer& server, UnaryCall* call) {
  SetConfigurationRequest request;
  if (!Parse(call, &request)) return;
  ModelServerConfig wanted;
  const absl::Status parsed = ParseTextProto("model_server_config", request.model_server_config(), &wanted);
  if (!parsed.ok()) return call->Fail(parsed);
  const absl::Status says = CheckSaysSomething(wanted);
  if (!says.ok()) return call->Fail(absl::InvalidArgumentError(absl::StrCat("model_server_config: ", says.message())));
  Change(
      server, request.generation(),
      [wanted = std::move(wanted)](ModelServerConfig* config) {
        *config = wanted;
        return absl::OkStatus();
      },
      /*undo=*/{}, call);
}

void AddModel(const ManagedServer& server, UnaryCall* call) {
  AddModelRequest request;
  if (!Parse(call, &request)) return;
  ModelConfig model;
  const absl::Status parsed = ParseTextProto("model_config", request.model_config(), &model);
  if (!parsed.ok()) return call->Fail(parsed);
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
      call);
}

void RemoveModel(const ManagedServer& server, UnaryCall* call) {
  RemoveModelRequest request;
  if (!Parse(call, &request)) return;
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
      /*undo=*/{}, call);
}

void RetryModel(const ManagedServer& server, UnaryCall* call) {
  RetryModelRequest request;
  if (!Parse(call, &request)) return;
  server.retry(request.name(), {request.versions().begin(), request.versions().end()},
               [server, name = request.name(), call](const absl::Status& status) {
                 if (!status.ok()) return call->Fail(status);
                 RetryModelResponse response;
                 const ListModelsResponse models = ListModels(server);
                 for (const management::Model& model : models.models()) {
                   if (model.name() == name) *response.mutable_model() = model;
                 }
                 call->Reply(response.SerializeAsString());
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
  service.methods.push_back(
      {"SetConfiguration", Plane::kControl, [server](UnaryCall* call) { SetConfiguration(server, call); }});
  service.methods.push_back({"AddModel", Plane::kControl, [server](UnaryCall* call) { AddModel(server, call); }});
  service.methods.push_back({"RemoveModel", Plane::kControl, [server](UnaryCall* call) { RemoveModel(server, call); }});
  service.methods.push_back({"RetryModel", Plane::kControl, [server](UnaryCall* call) { RetryModel(server, call); }});
  return service;
}

}  // namespace trilho

// trilho.management.ModelManagementService.

#ifndef TRILHO_CPP_SERVER_SERVER_MANAGEMENT_SERVICE_H_
#define TRILHO_CPP_SERVER_SERVER_MANAGEMENT_SERVICE_H_

#include <cstdint>
#include <functional>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "cpp_server/core/manager.h"
#include "cpp_server/rpc/unary_call.h"
#include "cpp_server/server/label_table.h"
#include "cpp_server/server/model_configuration.h"
#include "trilho/management.pb.h"

namespace trilho {

// Changes the configuration; `added` gets the names of new models.
using ConfigurationChange = std::function<absl::Status(std::vector<std::string>* added)>;

// What the service works on; all of it outlives the service.
struct ManagedServer {
  ModelConfiguration* configuration = nullptr;
  const Manager* manager = nullptr;
  const LabelTable* labels = nullptr;
  // Why the folders of models cannot be read, by model.
  std::function<std::map<std::string, std::string>()> problems;
  // Makes a change on another thread, waits for the new models and calls `done`
  // once.
  std::function<void(ConfigurationChange change, std::function<void(absl::Status)> done)> change;
  // Tries versions of a model again, all that have failed if none is named, and
  // calls `done` once; see ModelManagementService.RetryModel.
  std::function<void(std::string model, std::set<int64_t> versions, std::function<void(absl::Status)> done)> retry;
};

// Every configured model, whatever front asks.
management::ListModelsResponse ListModels(const ManagedServer& server);

ServiceDefinition ModelManagementService(const ManagedServer& server);

}  // namespace trilho

#endif  // TRILHO_CPP_SERVER_SERVER_MANAGEMENT_SERVICE_H_

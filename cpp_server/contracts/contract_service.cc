#include "cpp_server/contracts/contract_service.h"

#include <utility>

namespace trilho {

std::vector<ServiceDefinition> ContractServices(const Contracts* contracts, const ContractModels& models,
                                                const InferenceHooks* hooks) {
  std::vector<ServiceDefinition> services;
  for (const ContractMethod& method : contracts->methods) {
    if (services.empty() || services.back().name != method.service) {
      services.emplace_back();
      services.back().name = method.service;
    }
    services.back().methods.push_back(InferenceMethod(
        method.name, hooks,
        [&method, models](absl::string_view request, const CallContext& context, InferenceRecord* record,
                          BytesDone done) { RunContract(method, models, request, context, record, std::move(done)); },
        RecordedName(method)));
  }
  return services;
}

}  // namespace trilho

// Contracts over HTTP.

#ifndef TRILHO_CPP_SERVER_CONTRACTS_CONTRACT_REST_H_
#define TRILHO_CPP_SERVER_CONTRACTS_CONTRACT_REST_H_

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "cpp_server/contracts/contract.h"
#include "cpp_server/contracts/contract_run.h"
#include "cpp_server/http/http_endpoint.h"
#include "cpp_server/services/inference_method.h"

namespace trilho {

//   GET  /v1/contracts                             every method, with its model and an example, or why there is none
//   POST /v1/contracts/PACKAGE.SERVICE/METHOD      a request in proto3's JSON, answered by the response in JSON
//
// Errors are those of the gRPC method, as HTTP shows them. Thread-safe; all it uses outlives it, and it outlives its
// routes.
class ContractRest {
 public:
  ContractRest(const Contracts* contracts, ContractModels models, const InferenceHooks* hooks);
  // Its endpoints refer to it.
  ContractRest(const ContractRest&) = delete;
  ContractRest& operator=(const ContractRest&) = delete;

  // Returns the path that a method is asked at.
  static std::string PathOf(const ContractMethod& method);

  std::vector<HttpRoute> Routes() const;

 private:
  // Returns the endpoint of a path below the list, which may be an error that names those there are.
  SharedEndpoint Find(const HttpRequestHead& head) const;
  // NOT_FOUND, naming those there are.
  absl::Status NothingAt(absl::string_view path) const;
  HttpEndpoint Inference(const ContractMethod& method) const;

  const Contracts* const contracts_;
  const ContractModels models_;
  const InferenceHooks* const hooks_;
  // Endpoints of the methods, by path.
  std::map<std::string, SharedEndpoint, std::less<>> methods_;
};

}  // namespace trilho

#endif  // TRILHO_CPP_SERVER_CONTRACTS_CONTRACT_REST_H_

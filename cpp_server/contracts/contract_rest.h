// Contracts over HTTP.

#ifndef TRILHO_CPP_SERVER_CONTRACTS_CONTRACT_REST_H_
#define TRILHO_CPP_SERVER_CONTRACTS_CONTRACT_REST_H_

#include <memory>
#include <string>
#include <utility>

#include "absl/strings/string_view.h"
#include "cpp_server/contracts/contract.h"
#include "cpp_server/contracts/contract_run.h"
#include "cpp_server/http/http_call.h"
#include "cpp_server/http/http_handler.h"
#include "cpp_server/services/inference_method.h"

namespace trilho {

//   GET  /v1/contracts                             every method, with its model and an example, or why there is none
//   POST /v1/contracts/PACKAGE.SERVICE/METHOD      a request in proto3's JSON, answered by the response in JSON
//
// Errors are those of the gRPC method, as HTTP shows them. Thread-safe; all it uses outlives it.
class ContractRest {
 public:
  ContractRest(const Contracts* contracts, ContractModels models, const InferenceHooks* hooks)
      : contracts_(contracts), models_(std::move(models)), hooks_(hooks) {}

  static bool IsContractPath(absl::string_view path);
  static HttpPlane PlaneOf(absl::string_view method);
  // Whether a POST of this path has a body that is looked at.
  bool TakesBody(absl::string_view path) const { return Find(path) != nullptr; }
  // Where a method is to be asked.
  static std::string PathOf(const ContractMethod& method);

  // `call` is one of such a path.
  void Handle(const std::shared_ptr<HttpCall>& call) const;

  // Records that the front refuses `call`, if it is an inference. On any thread; quick.
  void Refuse(const HttpCall& call, const absl::Status& status) const;

 private:
  // Null if there is none.
  const ContractMethod* Find(absl::string_view path) const;
  // NOT_FOUND, naming those there are.
  absl::Status NothingAt(absl::string_view path) const;
  void Run(const ContractMethod& method, const std::shared_ptr<HttpCall>& call) const;

  const Contracts* const contracts_;
  const ContractModels models_;
  const InferenceHooks* const hooks_;
};

}  // namespace trilho

#endif  // TRILHO_CPP_SERVER_CONTRACTS_CONTRACT_REST_H_

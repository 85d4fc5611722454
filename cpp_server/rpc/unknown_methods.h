// The answer to calls of methods that a server does not have.

#ifndef TRILHO_CPP_SERVER_RPC_UNKNOWN_METHODS_H_
#define TRILHO_CPP_SERVER_RPC_UNKNOWN_METHODS_H_

#include <map>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "cpp_server/rpc/unary_call.h"
#include "grpcpp/generic/async_generic_service.h"

namespace trilho {

// Answers UNIMPLEMENTED, as gRPC does by itself without a word, and says which services or methods there are. Reads no
// request. Must outlive the server that it is registered with.
class UnknownMethods final : public grpc::CallbackGenericService {
 public:
  // `hint`, if not empty, tells where other services come from.
  UnknownMethods(const std::vector<ServiceDefinition>& services, absl::string_view hint);

  grpc::ServerGenericBidiReactor* CreateReactor(grpc::GenericCallbackServerContext* context) override;

 private:
  // What `path`, "/SERVICE/METHOD", is answered with.
  std::string Explain(absl::string_view path) const;

  const std::string hint_;
  // The methods of each service.
  std::map<std::string, std::string, std::less<>> methods_;
};

}  // namespace trilho

#endif  // TRILHO_CPP_SERVER_RPC_UNKNOWN_METHODS_H_

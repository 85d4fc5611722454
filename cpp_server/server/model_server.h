// The parts of a server, put together.

#ifndef TRILHO_CPP_SERVER_SERVER_MODEL_SERVER_H_
#define TRILHO_CPP_SERVER_SERVER_MODEL_SERVER_H_

#include <chrono>
#include <functional>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "cpp_server/rpc/grpc_server.h"
#include "cpp_server/server/server_core.h"
#include "cpp_server/services/inference_method.h"
#include "cpp_server/tensorflow/saved_model.h"
#include "cpp_server/wire/tensor_proto.h"

namespace trilho {

// Models and fronts. The fronts are destroyed first, so that nobody asks any
// more when the models go.
class ModelServer {
 public:
  struct Options {
    tensorflow::serving::ModelServerConfig models;
    std::chrono::milliseconds poll_wait = std::chrono::seconds(1);
    SavedModelOptions saved_model;
    bool warm_up = true;
    int max_num_load_retries = 5;
    std::chrono::microseconds load_retry_interval = std::chrono::minutes(1);
    // How Predict answers over gRPC.
    TensorEncoding encoding = TensorEncoding::kTypedFields;
    GrpcServer::Options grpc;
  };

  // Loads what is there and then opens the ports: whoever connects finds every
  // model that could be loaded. `stop` is asked now and then and ends the wait
  // with CANCELLED. Other errors are those of the configuration, INVALID_ARGUMENT,
  // and of the fronts.
  static absl::StatusOr<std::unique_ptr<ModelServer>> Start(Options options, const std::function<bool()>& stop);

  int port() const { return grpc_->port(); }

  // Takes a whole new configuration, see ServerCore::Change.
  void Reload(const tensorflow::serving::ModelServerConfig& config, std::function<void(absl::Status)> done);

  // See GrpcServer::Shutdown.
  bool Shutdown(std::chrono::milliseconds grace);

  // See ServerCore::Table.
  std::string Table() const { return core_->Table(); }

 private:
  ModelServer() = default;

  std::unique_ptr<ServerCore> core_;
  InferenceHooks hooks_;
  std::unique_ptr<GrpcServer> grpc_;
};

}  // namespace trilho

#endif  // TRILHO_CPP_SERVER_SERVER_MODEL_SERVER_H_

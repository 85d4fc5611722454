// The parts of a server, put together.

#ifndef TRILHO_CPP_SERVER_SERVER_MODEL_SERVER_H_
#define TRILHO_CPP_SERVER_SERVER_MODEL_SERVER_H_

#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "cpp_server/core/manager.h"
#include "cpp_server/core/mutex.h"
#include "cpp_server/inference/predictor.h"
#include "cpp_server/rpc/grpc_server.h"
#include "cpp_server/services/inference_method.h"
#include "cpp_server/sources/disk/disk_source.h"
#include "cpp_server/tensorflow/saved_model.h"

namespace trilho {

// Watches, loads and serves models. Its parts are destroyed in the opposite
// order: first the front, so that nobody asks; then the source, so that nothing
// new is loaded; then the manager, which unloads.
class ModelServer {
 public:
  struct Options {
    std::vector<ModelLocation> models;
    std::chrono::milliseconds poll_wait = std::chrono::seconds(1);
    SavedModelOptions saved_model;
    bool warm_up = true;
    int max_num_load_retries = 5;
    std::chrono::microseconds load_retry_interval = std::chrono::minutes(1);
    GrpcServer::Options grpc;
  };

  // Loads what is there and then opens the port: whoever connects finds every
  // model that could be loaded. `stop` is asked now and then and ends the wait
  // with CANCELLED. Other errors are those of the front.
  static absl::StatusOr<std::unique_ptr<ModelServer>> Start(Options options, const std::function<bool()>& stop);

  int port() const { return grpc_->port(); }

  // See GrpcServer::Shutdown.
  bool Shutdown(std::chrono::milliseconds grace) { return grpc_->Shutdown(grace); }

  // Models, versions, states and reasons as a table.
  std::string Table() const;

 private:
  explicit ModelServer(Options options);

  // Whether every model has what its Source offers, or the reason why not.
  bool Settled() const;
  void OnAspiredVersions(const AspiredVersions& versions);
  void OnSourceError(const std::string& model, const absl::Status& status);

  const Options options_;
  const std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
  mutable Mutex mu_;
  // By model: what its Source last complained of, empty if all is well. A model
  // has an entry once its Source has looked.
  std::map<std::string, std::string> problems_ GUARDED_BY(mu_);
  // Models that have something to load.
  std::map<std::string, bool> aspired_ GUARDED_BY(mu_);

  Manager manager_;
  Predictor predictor_;
  InferenceHooks hooks_;
  std::unique_ptr<Source> source_;
  std::unique_ptr<GrpcServer> grpc_;
};

}  // namespace trilho

#endif  // TRILHO_CPP_SERVER_SERVER_MODEL_SERVER_H_

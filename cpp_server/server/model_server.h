// The parts of a server, put together.

#ifndef TRILHO_CPP_SERVER_SERVER_MODEL_SERVER_H_
#define TRILHO_CPP_SERVER_SERVER_MODEL_SERVER_H_

#include <atomic>
#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/optional.h"
#include "cpp_server/config/contract_files.h"
#include "cpp_server/config/model_roots.h"
#include "cpp_server/contracts/contract_rest.h"
#include "cpp_server/http/http_server.h"
#include "cpp_server/kserve/kserve_repository.h"
#include "cpp_server/kserve/kserve_rest.h"
#include "cpp_server/rest/rest_service.h"
#include "cpp_server/rpc/grpc_server.h"
#include "cpp_server/security/bearer_tokens.h"
#include "cpp_server/server/config_file_poller.h"
#include "cpp_server/server/http_management.h"
#include "cpp_server/server/model_batching.h"
#include "cpp_server/server/observability.h"
#include "cpp_server/server/server_core.h"
#include "cpp_server/server/server_tls.h"
#include "cpp_server/status_page/status_page.h"
#include "cpp_server/tensorflow/saved_model.h"
#include "cpp_server/wire/tensor_proto.h"

namespace trilho {

// Models and fronts. The fronts are destroyed first, so that nobody asks any
// more when the models go.
class ModelServer {
 public:
  struct Options {
    tensorflow::serving::ModelServerConfig models;
    // Read again this often for another configuration; never if not positive.
    std::string model_config_file;
    std::chrono::milliseconds model_config_poll_wait{0};
    // Where the configuration in force is kept, and taken from at the next start
    // if `models` are still the same then; none if empty.
    std::string config_state_file;
    WatchOptions watch;
    // Served besides what is always there. A version that does not fit a contract
    // of its model is not loaded.
    ContractFiles contracts;
    // Loaded before any model, in this order.
    std::vector<std::string> op_libraries;
    SavedModelOptions saved_model;
    ModelBatching::Options batching;
    // Off, neither recorded requests are run nor zeros.
    bool warm_up = true;
    // See SavedModelLoaderOptions.
    std::chrono::milliseconds synthetic_warm_up = std::chrono::seconds(5);
    // How often each request of a version's warm-up file is run.
    int warmup_iterations = 1;
    int max_num_load_retries = 5;
    std::chrono::microseconds load_retry_interval = std::chrono::minutes(1);
    // How long, and how many, calls wait for the first load of their model.
    FirstLoads::Options first_loads;
    // Models that come after the start count for the server's readiness, too.
    bool readiness_of_all_models = false;
    // How Predict answers over gRPC.
    TensorEncoding encoding = TensorEncoding::kTypedFields;
    GrpcServer::Options grpc;
    // No HTTP if absent.
    absl::optional<HttpServer::Options> http;
    // A port of its own for metrics and management; with it, the others serve
    // inference, health and readiness only.
    absl::optional<HttpServer::Options> management;
    // Names besides IP addresses and localhost that callers of management over HTTP may know it by.
    std::vector<std::string> allowed_hosts;
    TlsFiles tls;
    // Where those who change the configuration by RPC or HTTP may point it.
    ModelRoots model_roots;
    // A file of bearer tokens that every call must have one of, but for health
    // and readiness; anybody may call if empty.
    std::string auth_token_file;
    // No access log if absent.
    absl::optional<AccessLog::Options> access_log;
    RequestLogOptions request_log;
    // Where --monitoring_config_file wants the metrics, besides /metrics.
    std::string metrics_path;
  };

  // Opens the ports, so that one that cannot be had costs no load, and begins to load what is there. A model answers as
  // soon as it is available. Errors are those of the configuration, INVALID_ARGUMENT, and of the fronts.
  static absl::StatusOr<std::unique_ptr<ModelServer>> Start(const Options& options);
  // Cancels calls under way, unless Shutdown was called; waits for handlers and loads.
  ~ModelServer();
  ModelServer(const ModelServer&) = delete;
  ModelServer& operator=(const ModelServer&) = delete;

  // Returns once every model has what its folder offers, or a reason why not; then the server is ready. Until then
  // calls of one that is still to come wait, see FirstLoads. gRPC's health of services says SERVING then, or when a
  // call would not wait any longer. CANCELLED once `stop`, asked now and then, says so; the server is to be shut down
  // then. Called once.
  absl::Status WaitUntilLoaded(const std::function<bool()>& stop);

  int port() const { return grpc_->port(); }
  // 0 without HTTP.
  int http_port() const { return http_ == nullptr ? 0 : http_->port(); }
  // 0 without a port of its own.
  int management_port() const { return management_ == nullptr ? 0 : management_->port(); }

  // Health and readiness say no from now on; calls are answered as before. To be
  // called some time before Shutdown, for balancers to notice.
  void BeginLameDuck();

  // True if the clients of the gRPC port have noticed since BeginLameDuck, which must have been called, see
  // GrpcServer::IsQuiet.
  bool IsQuiet() const { return grpc_->IsQuiet(lame_since_); }

  // Takes a whole new configuration, see ServerCore::Change.
  void Reload(const tensorflow::serving::ModelServerConfig& config, std::function<void(absl::Status)> done);

  // See GrpcServer::Shutdown and HttpServer::Shutdown, which share `grace`.
  bool Shutdown(std::chrono::milliseconds grace);

  // See Observability.
  void ReopenLogs() { observability_->ReopenLogs(); }

  // Waits for `patience` at most until what was logged is in its files. For a process that ends without destroying
  // this.
  void FlushLogs(std::chrono::milliseconds patience);

  // See ServerCore::Table.
  std::string Table() const { return core_->Table(); }

 private:
  ModelServer() = default;

  absl::Status StartCore(const Options& options);
  void AddCertificateMetrics();
  absl::Status StartFronts(const Options& options);
  absl::Status StartGrpc(const Options& options);
  absl::Status StartHttp(const Options& options);
  void LogPorts(const Options& options) const;
  ContractModels ModelsOfContracts() const;
  // Has gRPC's health say what everybody else is told.
  void ShareReadiness();
  // Calls that wait for a thread of the data plane or for the first load of their model, by protocol.
  std::map<std::string, size_t> WaitingCalls() const;
  absl::Status StartConfigPoller(const Options& options);

  std::unique_ptr<BearerTokens> tokens_;
  // Asks the core for its models' states: after it there are no scrapes.
  std::unique_ptr<Observability> observability_;
  Contracts contracts_;
  std::unique_ptr<ModelBatching> batching_;
  std::unique_ptr<ServerCore> core_;
  std::unique_ptr<RestService> rest_;
  std::unique_ptr<KServeRepository> kserve_repository_;
  std::unique_ptr<KServeRest> kserve_;
  std::unique_ptr<ContractRest> contract_rest_;
  std::unique_ptr<HttpManagement> http_management_;
  std::unique_ptr<StatusPage> page_;
  // How long a first load may keep gRPC's health of services from SERVING: as long as a call waits for one.
  std::chrono::milliseconds services_patience_ = FirstLoads::Options().max_wait;
  // When BeginLameDuck was called first.
  std::chrono::steady_clock::time_point lame_since_;
  // The fronts below are set: whoever scrapes comes over one of them, maybe before the others are there.
  std::atomic<bool> fronts_stand_{false};
  std::unique_ptr<GrpcServer> grpc_;
  std::unique_ptr<HttpServer> http_;
  std::unique_ptr<HttpServer> management_;
  // Never null. After the fronts, whose certificates it replaces.
  std::unique_ptr<ServerTls> tls_;
  std::unique_ptr<ConfigFilePoller> config_poller_;
};

}  // namespace trilho

#endif  // TRILHO_CPP_SERVER_SERVER_MODEL_SERVER_H_

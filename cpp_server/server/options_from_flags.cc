#include "cpp_server/server/options_from_flags.h"

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <thread>
#include <utility>

#include "absl/flags/flag.h"
#include "absl/strings/ascii.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "absl/strings/string_view.h"
#include "absl/types/optional.h"
#include "cpp_server/admission/request_memory.h"
#include "cpp_server/admission/response_memory.h"
#include "cpp_server/config/channel_arguments.h"
#include "cpp_server/config/contract_files.h"
#include "cpp_server/config/flags.h"
#include "cpp_server/config/model_config.h"
#include "cpp_server/config/model_roots.h"
#include "cpp_server/config/monitoring_config.h"
#include "cpp_server/config/session_config.h"
#include "cpp_server/config/version_completeness.h"
#include "cpp_server/request_log/logging_settings.h"
#include "cpp_server/server/observability.h"

namespace trilho {
namespace {

int OrOnePerCpu(int threads) {
  return threads > 0 ? threads : static_cast<int>(std::max(1u, std::thread::hardware_concurrency()));
}

std::chrono::milliseconds Milliseconds(double seconds) {
  return std::chrono::milliseconds(static_cast<int64_t>(seconds * 1000));
}

absl::Status SetGrpcOptions(GrpcServer::Options* options) {
  options->address = absl::GetFlag(FLAGS_bind_address);
  options->port = absl::GetFlag(FLAGS_port);
  options->socket_path = absl::GetFlag(FLAGS_grpc_socket_path);
  options->data_threads = OrOnePerCpu(absl::GetFlag(FLAGS_grpc_max_threads));
  options->max_waiting_calls = absl::GetFlag(FLAGS_max_queued_requests);
  auto arguments = ParseChannelArguments(absl::GetFlag(FLAGS_grpc_channel_arguments));
  if (!arguments.ok()) return arguments.status();
  options->channel_arguments = *std::move(arguments);
  return absl::OkStatus();
}

// Of --rest_api_port or --management_port; absent if it is 0.
absl::optional<HttpServer::Options> HttpOptionsOf(int port) {
  if (port == 0) return absl::nullopt;
  HttpServer::Options options;
  options.address = absl::GetFlag(FLAGS_bind_address);
  // Negative: a free one, which is then logged; 0 means none to TF Serving.
  options.port = std::max(0, port);
  options.data_threads = OrOnePerCpu(absl::GetFlag(FLAGS_rest_api_num_threads));
  options.max_queued_data_calls = absl::GetFlag(FLAGS_max_queued_requests);
  options.request_timeout = std::chrono::milliseconds(absl::GetFlag(FLAGS_rest_api_timeout_in_ms));
  options.max_body_bytes = absl::GetFlag(FLAGS_rest_api_max_body_bytes);
  options.cors = absl::GetFlag(FLAGS_rest_api_enable_cors_support);
  return options;
}

// A budget of what the flag says, or of `otherwise`. Null without a bound.
template <typename Memory>
std::shared_ptr<Memory> MemoryOf(int64_t flag, int64_t otherwise) {
  if (flag == 0) return nullptr;
  return std::make_shared<Memory>(flag > 0 ? flag : otherwise);
}

// Each front has budgets of its own, lest one take what another needs.
void SetMemory(ModelServer::Options* options) {
  constexpr int kUsableShare = 4;
  // Management's requests are short: it takes nothing away from those of models.
  constexpr int64_t kManagement = 64 << 20;
  constexpr int kManagementShare = 32;
  const int64_t requests = absl::GetFlag(FLAGS_max_request_memory_bytes);
  const int64_t responses = absl::GetFlag(FLAGS_max_response_memory_bytes);
  const int64_t usable = UsableMemory();
  const int64_t share = usable / kUsableShare / (options->http ? 2 : 1);
  options->grpc.memory = MemoryOf<RequestMemory>(requests, share);
  options->grpc.watch.memory = MemoryOf<ResponseMemory>(responses, share);
  if (options->http) {
    options->http->memory = MemoryOf<RequestMemory>(requests, share);
    options->http->response_memory = MemoryOf<ResponseMemory>(responses, share);
  }
  if (options->management) {
    const int64_t little = std::min(kManagement, usable / kManagementShare);
    options->management->memory = MemoryOf<RequestMemory>(requests, little);
    options->management->response_memory = MemoryOf<ResponseMemory>(responses, little);
  }
}

absl::Status ModelOptions(ModelServer::Options* options) {
  options->model_config_file = absl::GetFlag(FLAGS_model_config_file);
  auto models = options->model_config_file.empty()
                    ? SingleModel(absl::GetFlag(FLAGS_model_name), absl::GetFlag(FLAGS_model_base_path))
                    : ReadModelConfigFile(options->model_config_file);
  if (!models.ok()) return models.status();
  options->models = *std::move(models);
  auto contracts = ReadContractFiles(absl::GetFlag(FLAGS_contracts));
  if (!contracts.ok()) return contracts.status();
  options->contracts = *std::move(contracts);
  options->config_state_file = absl::GetFlag(FLAGS_config_state_file);
  options->model_config_poll_wait = std::chrono::seconds(absl::GetFlag(FLAGS_model_config_file_poll_wait_seconds));
  options->watch.poll_wait = Milliseconds(absl::GetFlag(FLAGS_file_system_poll_wait_seconds));
  const auto completeness = ParseVersionCompleteness(absl::GetFlag(FLAGS_version_completeness));
  if (!completeness.ok()) return completeness.status();
  options->watch.completeness = *completeness;
  options->watch.settle_time = Milliseconds(absl::GetFlag(FLAGS_settle_seconds));
  options->max_num_load_retries = absl::GetFlag(FLAGS_max_num_load_retries);
  options->load_retry_interval = std::chrono::microseconds(absl::GetFlag(FLAGS_load_retry_interval_micros));
  // Up, lest a very short time become none.
  options->first_loads.max_wait = std::chrono::ceil<std::chrono::milliseconds>(
      std::chrono::duration<double>(absl::GetFlag(FLAGS_max_first_load_wait_seconds)));
  options->first_loads.max_waiting_calls = absl::GetFlag(FLAGS_max_queued_requests);
  options->readiness_of_all_models = absl::GetFlag(FLAGS_readiness_of_all_models);
  options->warm_up = absl::GetFlag(FLAGS_enable_model_warmup);
  // Up, lest a very short time become none.
  options->synthetic_warm_up = std::chrono::ceil<std::chrono::milliseconds>(
      std::chrono::duration<double>(absl::GetFlag(FLAGS_synthetic_warmup_seconds)));
  options->warmup_iterations = absl::GetFlag(FLAGS_num_request_iterations_for_warmup);
  return absl::OkStatus();
}

absl::Status TensorFlowOptions(ModelServer::Options* options) {
  options->saved_model.tags = absl::StrSplit(absl::GetFlag(FLAGS_saved_model_tags), ',');
  auto session = SessionConfigFromFlags();
  if (!session.ok()) return session.status();
  options->saved_model.session = *std::move(session);
  // Up, lest a very short time become none.
  options->saved_model.max_run =
      std::chrono::ceil<std::chrono::milliseconds>(std::chrono::duration<double>(absl::GetFlag(FLAGS_max_run_seconds)));
  options->saved_model.check_method_names = absl::GetFlag(FLAGS_enable_signature_method_name_check);
  options->saved_model.strict_input_shapes = absl::GetFlag(FLAGS_strict_input_shapes);
  options->op_libraries = absl::StrSplit(absl::GetFlag(FLAGS_op_library), ',', absl::SkipEmpty());
  return absl::OkStatus();
}

absl::Status BatchingOptions(ModelBatching::Options* options) {
  options->enabled = absl::GetFlag(FLAGS_enable_batching);
  options->per_model = absl::GetFlag(FLAGS_enable_per_model_batching_parameters);
  options->explain = absl::GetFlag(FLAGS_explain_batching);
  const std::string file = absl::GetFlag(FLAGS_batching_parameters_file);
  if (file.empty()) return absl::OkStatus();
  auto parameters = ReadBatchingParametersFile("--batching_parameters_file", file);
  if (!parameters.ok()) return parameters.status();
  options->parameters = *std::move(parameters);
  return absl::OkStatus();
}

absl::Status ObservabilityOptions(ModelServer::Options* options) {
  const std::string access_log = absl::GetFlag(FLAGS_access_log);
  if (!access_log.empty()) {
    options->access_log.emplace();
    options->access_log->path = access_log;
    options->access_log->sample = absl::GetFlag(FLAGS_access_log_sampling);
  }
  options->request_log.files.max_file_bytes = absl::GetFlag(FLAGS_request_log_max_file_bytes);
  options->request_log.files.max_total_bytes = absl::GetFlag(FLAGS_request_log_max_total_bytes);
  // Up, lest a very short time become none.
  options->request_log.files.max_file_age = std::chrono::ceil<std::chrono::milliseconds>(
      std::chrono::duration<double>(absl::GetFlag(FLAGS_request_log_max_file_seconds)));
  const std::string monitoring = absl::GetFlag(FLAGS_monitoring_config_file);
  if (monitoring.empty()) return absl::OkStatus();
  const auto config = ReadMonitoringConfigFile(monitoring);
  if (!config.ok()) return config.status();
  options->metrics_path = PrometheusPathOf(*config);
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<ModelServer::Options> OptionsFromFlags() {
  ModelServer::Options options;
  absl::Status status = ModelOptions(&options);
  status.Update(TensorFlowOptions(&options));
  status.Update(BatchingOptions(&options.batching));
  status.Update(ObservabilityOptions(&options));
  status.Update(SetGrpcOptions(&options.grpc));
  if (!status.ok()) return status;
  options.http = HttpOptionsOf(absl::GetFlag(FLAGS_rest_api_port));
  options.management = HttpOptionsOf(absl::GetFlag(FLAGS_management_port));
  if (options.management) {
    // No page of another site has a business there.
    options.management->cors = false;
    // A change is answered when its models are loaded, however long that takes.
    options.management->request_timeout = std::chrono::milliseconds(0);
  }
  SetMemory(&options);
  options.auth_token_file = absl::GetFlag(FLAGS_auth_token_file);
  const std::string hosts = absl::GetFlag(FLAGS_allowed_hosts);
  for (const absl::string_view host : absl::StrSplit(hosts, ',', absl::SkipWhitespace())) {
    options.allowed_hosts.emplace_back(absl::StripAsciiWhitespace(host));
  }
  auto roots = ModelRoots::Parse(absl::GetFlag(FLAGS_model_roots));
  if (!roots.ok()) return roots.status();
  options.model_roots = *std::move(roots);
  options.tls.grpc = absl::GetFlag(FLAGS_ssl_config_file);
  options.tls.rest = absl::GetFlag(FLAGS_rest_api_ssl_config_file);
  options.tls.management = absl::GetFlag(FLAGS_management_ssl_config_file);
  if (absl::GetFlag(FLAGS_enable_serialization_as_tensor_content)) options.encoding = TensorEncoding::kTensorContent;
  return options;
}

std::vector<ModelConfigCheck> ModelConfigChecks() {
  return {[](const tensorflow::serving::ModelServerConfig& config) {
    const auto models = ModelSettingsOf(config);
    if (!models.ok()) return models.status();
    const auto logged = Observability::Logged(*models);
    std::vector<std::string> problems;
    for (const auto& model : logged) {
      const absl::Status alone = LoggingSettingsOf({model}).status();
      if (!alone.ok()) problems.emplace_back(alone.message());
    }
    // What only two of them can have wrong.
    if (problems.empty()) return LoggingSettingsOf(logged).status();
    return absl::InvalidArgumentError(absl::StrJoin(problems, "\n- "));
  }};
}

}  // namespace trilho

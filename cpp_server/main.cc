// trilho_server: the command line around a ModelServer.

#include <signal.h>
#include <stdlib.h>
#include <time.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/flags/flag.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/time/time.h"
#include "cpp_server/config/flags.h"
#include "cpp_server/config/model_config.h"
#include "cpp_server/logging/log.h"
#include "cpp_server/server/model_server.h"
#include "cpp_server/tensorflow/quiet_log.h"

namespace {

constexpr int kExitFailed = 1;
constexpr int kExitUsage = 2;

int Complain(int exit_code, const absl::Status& status) {
  trilho::Log(trilho::Severity::kError, std::string(status.message()));
  return exit_code;
}

// A log rotator's word that the access log was renamed; waited for like the
// others, so that it does not end the process while models are loaded.
void BlockHangup() {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGHUP);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
}

// SIGTERM and SIGINT, taken by sigtimedwait instead of a handler.
sigset_t BlockStopSignals() {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  sigaddset(&signals, SIGINT);
  // Threads started later inherit this.
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  return signals;
}

int OrOnePerCpu(int threads) {
  return threads > 0 ? threads : static_cast<int>(std::max(1u, std::thread::hardware_concurrency()));
}

absl::StatusOr<std::vector<std::pair<std::string, std::string>>> ChannelArguments() {
  std::vector<std::pair<std::string, std::string>> arguments;
  for (absl::string_view part : absl::StrSplit(absl::GetFlag(FLAGS_grpc_channel_arguments), ',', absl::SkipEmpty())) {
    const size_t equals = part.find('=');
    if (equals == absl::string_view::npos || equals == 0) {
      return absl::InvalidArgumentError(
          absl::StrCat("--grpc_channel_arguments: \"", part, "\" is not of the form KEY=VALUE"));
    }
    arguments.emplace_back(std::string(part.substr(0, equals)), std::string(part.substr(equals + 1)));
  }
  return arguments;
}

absl::StatusOr<trilho::GrpcServer::Options> GrpcOptionsFromFlags() {
  trilho::GrpcServer::Options options;
  options.address = absl::GetFlag(FLAGS_bind_address);
  options.port = absl::GetFlag(FLAGS_port);
  options.socket_path = absl::GetFlag(FLAGS_grpc_socket_path);
  options.data_threads = OrOnePerCpu(absl::GetFlag(FLAGS_grpc_max_threads));
  options.max_waiting_calls = absl::GetFlag(FLAGS_max_queued_requests);
  auto arguments = ChannelArguments();
  if (!arguments.ok()) return arguments.status();
  options.channel_arguments = *std::move(arguments);
  return options;
}

// Absent if no HTTP is wanted.
absl::StatusOr<absl::optional<trilho::HttpServer::Options>> HttpOptionsFromFlags() {
  const int port = absl::GetFlag(FLAGS_rest_api_port);
  if (port == 0) return absl::nullopt;
  if (port == absl::GetFlag(FLAGS_port)) {
    return absl::InvalidArgumentError(absl::StrCat("--rest_api_port and --port are both ", port, "; they must differ"));
  }
  trilho::HttpServer::Options options;
  options.address = absl::GetFlag(FLAGS_bind_address);
  // Negative: a free one, which is then logged; 0 means none to TF Serving.
  options.port = std::max(0, port);
  options.data_threads = OrOnePerCpu(absl::GetFlag(FLAGS_rest_api_num_threads));
  options.max_queued_data_calls = absl::GetFlag(FLAGS_max_queued_requests);
  options.request_timeout = std::chrono::milliseconds(absl::GetFlag(FLAGS_rest_api_timeout_in_ms));
  options.cors = absl::GetFlag(FLAGS_rest_api_enable_cors_support);
  return options;
}

absl::StatusOr<trilho::ModelServer::Options> OptionsFromFlags() {
  trilho::ModelServer::Options options;
  const std::string config_file = absl::GetFlag(FLAGS_model_config_file);
  auto models = config_file.empty()
                    ? trilho::SingleModel(absl::GetFlag(FLAGS_model_name), absl::GetFlag(FLAGS_model_base_path))
                    : trilho::ReadModelConfigFile(config_file);
  if (!models.ok()) return models.status();
  options.models = *std::move(models);
  options.model_config_file = config_file;
  options.model_config_poll_wait = std::chrono::seconds(absl::GetFlag(FLAGS_model_config_file_poll_wait_seconds));
  options.poll_wait =
      std::chrono::milliseconds(static_cast<int64_t>(absl::GetFlag(FLAGS_file_system_poll_wait_seconds) * 1000));
  options.saved_model.tags = absl::StrSplit(absl::GetFlag(FLAGS_saved_model_tags), ',');
  options.saved_model.intra_op_threads = absl::GetFlag(FLAGS_tensorflow_intra_op_parallelism);
  options.warm_up = absl::GetFlag(FLAGS_enable_model_warmup);
  options.max_num_load_retries = absl::GetFlag(FLAGS_max_num_load_retries);
  options.load_retry_interval = std::chrono::microseconds(absl::GetFlag(FLAGS_load_retry_interval_micros));
  if (absl::GetFlag(FLAGS_enable_serialization_as_tensor_content)) {
    options.encoding = trilho::TensorEncoding::kTensorContent;
  }
  options.warmup_iterations = absl::GetFlag(FLAGS_num_request_iterations_for_warmup);
  const std::string access_log = absl::GetFlag(FLAGS_access_log);
  if (!access_log.empty()) {
    options.access_log.emplace();
    options.access_log->path = access_log;
    options.access_log->sample = absl::GetFlag(FLAGS_access_log_sampling);
  }
  options.request_log.files.max_file_bytes = absl::GetFlag(FLAGS_request_log_max_file_bytes);
  options.request_log.files.max_total_bytes = absl::GetFlag(FLAGS_request_log_max_total_bytes);
  options.auth_token_file = absl::GetFlag(FLAGS_auth_token_file);
  auto grpc = GrpcOptionsFromFlags();
  if (!grpc.ok()) return grpc.status();
  options.grpc = *std::move(grpc);
  auto http = HttpOptionsFromFlags();
  if (!http.ok()) return http.status();
  options.http = *std::move(http);
  return options;
}

}  // namespace

int main(int argc, char** argv) {
  trilho::QuietTensorFlowLog();
  // What gRPC would log reaches the caller as a status.
  setenv("GRPC_VERBOSITY", "NONE", /*overwrite=*/0);

  const absl::Status parsed = trilho::ParseFlags(argc, argv);
  if (!parsed.ok()) return Complain(kExitUsage, parsed);
  auto options = OptionsFromFlags();
  if (!options.ok()) return Complain(kExitUsage, options.status());

  BlockHangup();
  const sigset_t stop_signals = BlockStopSignals();
  const auto stopped = [&stop_signals] {
    const timespec now{};
    return sigtimedwait(&stop_signals, nullptr, &now) > 0;
  };
  auto server = trilho::ModelServer::Start(*options, stopped);
  if (absl::IsCancelled(server.status())) return 0;
  if (!server.ok()) {
    return Complain(absl::IsInvalidArgument(server.status()) ? kExitUsage : kExitFailed, server.status());
  }

  std::fputs((*server)->Table().c_str(), stderr);
  if ((*server)->http_port() != 0) {
    trilho::Log(trilho::Severity::kInfo, absl::StrCat("serving HTTP on port ", (*server)->http_port()));
  }
  trilho::Log(trilho::Severity::kInfo, absl::StrCat("serving gRPC on port ", (*server)->port()));

  int signal = 0;
  sigset_t signals = stop_signals;
  sigaddset(&signals, SIGHUP);
  for (sigwait(&signals, &signal); signal == SIGHUP; sigwait(&signals, &signal)) (*server)->ReopenLogs();
  const double lame_duck = absl::GetFlag(FLAGS_lame_duck_seconds);
  if (signal == SIGTERM && lame_duck > 0) {
    trilho::Log(trilho::Severity::kInfo,
                absl::StrCat("signal ", signal, ": not ready any more; taking calls for ", lame_duck, " s more"));
    (*server)->BeginLameDuck();
    const timespec wait = absl::ToTimespec(absl::Seconds(lame_duck));
    // Another signal means now.
    sigtimedwait(&stop_signals, nullptr, &wait);
  }
  const double grace = absl::GetFlag(FLAGS_shutdown_grace_seconds);
  trilho::Log(trilho::Severity::kInfo,
              absl::StrCat("signal ", signal, ": finishing calls under way, for ", grace, " s at most"));
  if (!(*server)->Shutdown(std::chrono::milliseconds(static_cast<int64_t>(grace * 1000)))) {
    trilho::Log(trilho::Severity::kWarning, "stopped; runs that outlast the grace period were given up");
    // Their sessions cannot be closed under them.
    std::_Exit(0);
  }
  server->reset();
  trilho::Log(trilho::Severity::kInfo, "stopped");
  return 0;
}

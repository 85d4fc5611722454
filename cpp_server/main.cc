// trilho_server: the command line around a ModelServer.

#include <signal.h>
#include <stdlib.h>
#include <time.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string>
#include <thread>
#include <utility>

#include "absl/flags/flag.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
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

absl::StatusOr<trilho::ModelServer::Options> OptionsFromFlags() {
  trilho::ModelServer::Options options;
  const std::string config_file = absl::GetFlag(FLAGS_model_config_file);
  auto models = config_file.empty()
                    ? trilho::SingleModel(absl::GetFlag(FLAGS_model_name), absl::GetFlag(FLAGS_model_base_path))
                    : trilho::ReadModelConfigFile(config_file);
  if (!models.ok()) return models.status();
  options.models = *std::move(models);
  options.poll_wait =
      std::chrono::milliseconds(static_cast<int64_t>(absl::GetFlag(FLAGS_file_system_poll_wait_seconds) * 1000));
  options.saved_model.tags = absl::StrSplit(absl::GetFlag(FLAGS_saved_model_tags), ',');
  options.saved_model.intra_op_threads = absl::GetFlag(FLAGS_tensorflow_intra_op_parallelism);
  options.warm_up = absl::GetFlag(FLAGS_enable_model_warmup);
  options.max_num_load_retries = absl::GetFlag(FLAGS_max_num_load_retries);
  options.load_retry_interval = std::chrono::microseconds(absl::GetFlag(FLAGS_load_retry_interval_micros));
  options.grpc.port = absl::GetFlag(FLAGS_port);
  options.grpc.socket_path = absl::GetFlag(FLAGS_grpc_socket_path);
  const int threads = absl::GetFlag(FLAGS_grpc_max_threads);
  options.grpc.data_threads = threads > 0 ? threads : static_cast<int>(std::thread::hardware_concurrency());
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

  const sigset_t stop_signals = BlockStopSignals();
  const auto stopped = [&stop_signals] {
    const timespec now{};
    return sigtimedwait(&stop_signals, nullptr, &now) > 0;
  };
  auto server = trilho::ModelServer::Start(*std::move(options), stopped);
  if (absl::IsCancelled(server.status())) return 0;
  if (!server.ok()) return Complain(kExitFailed, server.status());

  std::fputs((*server)->Table().c_str(), stderr);
  trilho::Log(trilho::Severity::kInfo, absl::StrCat("serving gRPC on port ", (*server)->port()));

  int signal = 0;
  sigwait(&stop_signals, &signal);
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

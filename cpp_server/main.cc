// trilho_server: the command line around a ModelServer.

#include <signal.h>
#include <stdlib.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/flags/flag.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/time/time.h"
#include "cpp_server/config/check_config.h"
#include "cpp_server/config/flags.h"
#include "cpp_server/config/version.h"
#include "cpp_server/logging/log.h"
#include "cpp_server/server/model_server.h"
#include "cpp_server/server/options_from_flags.h"
#include "cpp_server/tensorflow/allocator.h"
#include "cpp_server/tensorflow/quiet_log.h"
#include "cpp_server/tensorflow/timed_runs.h"
#include "tensorflow/c/c_api.h"

namespace {

constexpr int kExitFailed = 1;
constexpr int kExitUsage = 2;
// For what was logged, where nobody closes its files.
constexpr std::chrono::seconds kFlushPatience{2};
// Clients that look at health leave within a part of a second, on a busy machine within some; others never do.
constexpr std::chrono::seconds kMostWaitForClients{5};
constexpr std::chrono::milliseconds kLookAtClients{20};
// Consecutive looks that must find them gone. A machine, or a process, that stood still for a while has not called in
// that time, and has not left either: it calls within the next looks.
constexpr int kQuietLooks = 15;

// Models are unloaded, which takes some time even where no call is under way.
constexpr std::chrono::seconds kLeastUnloadTime{2};

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

// Ends the process if it is still there then. Nothing can break off a load or a warm-up run: those who wait for one
// must not do so for ever. By a timer of the system, as there may be no thread for it.
void LeaveAt(std::chrono::steady_clock::time_point deadline) {
  signal(SIGALRM, [](int) {
    static constexpr char kLine[] = "stopped; loads that outlast the grace period were given up\n";
    // Only what may be called in a handler of signals.
    static_cast<void>(!write(STDERR_FILENO, kLine, sizeof(kLine) - 1));
    _exit(0);
  });
  const auto left = std::chrono::ceil<std::chrono::microseconds>(deadline - std::chrono::steady_clock::now());
  const int64_t micros = std::max<int64_t>(1, left.count());
  itimerval timer = {};
  timer.it_value.tv_sec = static_cast<time_t>(micros / 1000000);
  timer.it_value.tv_usec = static_cast<suseconds_t>(micros % 1000000);
  setitimer(ITIMER_REAL, &timer, nullptr);
}

// Which server this is, and how it was started.
void LogStart() {
  trilho::Log(trilho::Severity::kInfo, absl::StrCat("Trilho ", trilho::kVersion, ", TensorFlow ", TF_Version()));
  const std::vector<std::string> flags = trilho::ChangedFlags();
  trilho::Log(trilho::Severity::kInfo, absl::StrCat("flags that do not have their default: ",
                                                    flags.empty() ? "none" : absl::StrJoin(flags, " ")));
}

// The table for people; the ports for scripts too, gRPC's last, as it is the one that is always there.
void Announce(const trilho::ModelServer& server) {
  std::fputs(server.Table().c_str(), stderr);
  if (server.http_port() != 0) {
    trilho::Log(trilho::Severity::kInfo, absl::StrCat("serving HTTP on port ", server.http_port()));
  }
  if (server.management_port() != 0) {
    trilho::Log(trilho::Severity::kInfo, absl::StrCat("serving management on port ", server.management_port()));
  }
  trilho::Log(trilho::Severity::kInfo, absl::StrCat("serving gRPC on port ", server.port()));
}

// Goes on taking calls after SIGTERM: for --lame_duck_seconds, and then until clients that look at health have left,
// which takes a moment. Another signal means now.
void TakeCallsUntilClientsHaveLeft(trilho::ModelServer* server, const sigset_t& stop_signals) {
  using std::chrono::steady_clock;
  const double lame_duck = absl::GetFlag(FLAGS_lame_duck_seconds);
  if (lame_duck > 0) {
    trilho::Log(trilho::Severity::kInfo, absl::StrCat("not ready any more; taking calls for ", lame_duck, " s more"));
  }
  server->BeginLameDuck();
  const auto is_signalled_within = [&stop_signals](absl::Duration duration) {
    const timespec wait = absl::ToTimespec(duration);
    return sigtimedwait(&stop_signals, nullptr, &wait) > 0;
  };
  if (lame_duck > 0 && is_signalled_within(absl::Seconds(lame_duck))) return;
  const auto latest = steady_clock::now() + kMostWaitForClients;
  if (server->IsQuiet()) return;
  for (int quiet = 0; quiet < kQuietLooks; quiet = server->IsQuiet() ? quiet + 1 : 0) {
    if (steady_clock::now() >= latest) {
      trilho::Log(trilho::Severity::kWarning,
                  "calls still come over gRPC, from clients that do not look at its health; they may see UNAVAILABLE");
      return;
    }
    if (is_signalled_within(absl::FromChrono(kLookAtClients))) return;
  }
}

// Until one of `stop_signals`, which it returns, and the end of the lame duck.
int Serve(trilho::ModelServer* server, const sigset_t& stop_signals) {
  int signal = 0;
  sigset_t signals = stop_signals;
  sigaddset(&signals, SIGHUP);
  for (sigwait(&signals, &signal); signal == SIGHUP; sigwait(&signals, &signal)) server->ReopenLogs();
  if (signal == SIGTERM) TakeCallsUntilClientsHaveLeft(server, stop_signals);
  return signal;
}

// While the first models load as later: some may be asked already. Ends the process itself if something does not end.
void Stop(std::unique_ptr<trilho::ModelServer> server, int signal) {
  const double seconds = absl::GetFlag(FLAGS_shutdown_grace_seconds);
  const std::chrono::milliseconds grace(static_cast<int64_t>(seconds * 1000));
  const auto grace_ends = std::chrono::steady_clock::now() + grace;
  trilho::Log(trilho::Severity::kInfo,
              absl::StrCat("signal ", signal, ": finishing calls under way, for ", seconds, " s at most"));
  if (!server->Shutdown(grace)) {
    trilho::Log(trilho::Severity::kWarning, "stopped; runs that outlast the grace period were given up");
    LeaveAt(std::chrono::steady_clock::now() + 2 * kFlushPatience);
    server->FlushLogs(kFlushPatience);
    // Their sessions cannot be closed under them.
    std::_Exit(0);
  }
  server->FlushLogs(kFlushPatience);
  LeaveAt(std::max(grace_ends, std::chrono::steady_clock::now() + kLeastUnloadTime));
  server.reset();
  trilho::Log(trilho::Severity::kInfo, "stopped");
  // Theirs is a session that exit() would take away from under them.
  if (trilho::TimedRunsGoingOn() > 0) std::_Exit(0);
}

// For people, on standard output, and for scripts by the exit code.
int ReportCheck() {
  std::vector<std::string> warnings;
  const absl::Status checked = trilho::CheckConfig(trilho::ModelConfigChecks(), &warnings);
  for (const std::string& warning : warnings) std::fprintf(stderr, "warning: %s\n", warning.c_str());
  if (!checked.ok()) {
    // As it is, with a line for each problem.
    std::fprintf(stderr, "%s\n", std::string(checked.message()).c_str());
    return kExitUsage;
  }
  std::puts("the flags and every file that they name are well-formed");
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  trilho::ConfigureAllocator();
  trilho::QuietTensorFlowLog();
  // A reader of the log that went away costs its lines, not the server.
  signal(SIGPIPE, SIG_IGN);
  // What gRPC would log reaches the caller as a status.
  setenv("GRPC_VERBOSITY", "NONE", /*overwrite=*/0);

  const absl::Status parsed = trilho::ParseFlags(argc, argv);
  if (!parsed.ok()) return Complain(kExitUsage, parsed);
  if (absl::GetFlag(FLAGS_check_config)) return ReportCheck();
  auto options = trilho::OptionsFromFlags();
  if (!options.ok()) return Complain(kExitUsage, options.status());

  LogStart();
  BlockHangup();
  const sigset_t stop_signals = BlockStopSignals();
  auto server = trilho::ModelServer::Start(*options);
  if (!server.ok()) {
    return Complain(absl::IsInvalidArgument(server.status()) ? kExitUsage : kExitFailed, server.status());
  }
  int signal = 0;
  const auto stopped = [&stop_signals, &signal] {
    const timespec now{};
    signal = std::max(0, sigtimedwait(&stop_signals, nullptr, &now));
    return signal != 0;
  };
  // Stopped before that, it has not been ready yet: there is nothing that balancers would have to notice.
  if ((*server)->WaitUntilLoaded(stopped).ok()) {
    Announce(**server);
    signal = Serve(server->get(), stop_signals);
  }
  Stop(*std::move(server), signal);
  return 0;
}

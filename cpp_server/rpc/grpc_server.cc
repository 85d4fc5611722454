#include "cpp_server/rpc/grpc_server.h"

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <filesystem>
#include <limits>
#include <system_error>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "cpp_server/core/thread.h"
#include "cpp_server/rpc/raw_service.h"
#include "cpp_server/rpc/unknown_methods.h"
#include "grpc/grpc.h"
#include "grpc/support/time.h"
#include "grpcpp/ext/proto_server_reflection_plugin.h"
#include "grpcpp/health_check_service_interface.h"
#include "grpcpp/resource_quota.h"
#include "grpcpp/support/server_interceptor.h"

namespace trilho {
namespace {

// Clients behind a balancer ping more often than gRPC's default of once in five
// minutes allows; ten seconds is what grpc-java's smallest keepalive asks for.
constexpr int kMinPingIntervalMs = 10 * 1000;

// What they answer is at hand, so that one at a time will do.
constexpr int kControlThreads = 1;
constexpr size_t kMaxWaitingControlCalls = 1024;

constexpr int kReflectionThreads = 16;
constexpr char kReflection[] = "/grpc.reflection.";

// How often a shutdown looks whether calls are left.
constexpr std::chrono::milliseconds kShutdownPeriod(2);
constexpr std::chrono::milliseconds kLateCalls(50);
// What cancelled calls get to notice it.
constexpr std::chrono::milliseconds kCancelledCalls(200);

// Without a call for so long, callers have noticed that the server is about to go.
constexpr std::chrono::milliseconds kQuiet(300);
// Without one for so long before, there are none.
constexpr std::chrono::seconds kQuietBefore(10);
// Time that calls under way get to end, and callers that have not noticed to be turned away.
constexpr std::chrono::milliseconds kTurnAway(250);

std::string BareName(const std::string& full_name) { return full_name.substr(full_name.rfind('.') + 1); }

// Library-wide settings, before the first server is built.
void EnablePlugins() {
  static const bool enabled = [] {
    grpc::EnableDefaultHealthCheckService(true);
    grpc::reflection::InitProtoReflectionServerBuilderPlugin();
    return true;
  }();
  static_cast<void>(enabled);
}

// Whether another process listens on this UNIX socket, or may. gRPC takes the path from whoever has it, which is right
// only if he has ended and left it behind.
bool IsInUse(const std::string& socket_path) {
  sockaddr_un address = {};
  // gRPC refuses it.
  if (socket_path.size() >= sizeof(address.sun_path)) return false;
  address.sun_family = AF_UNIX;
  socket_path.copy(address.sun_path, sizeof(address.sun_path) - 1);
  const int probe = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (probe < 0) return false;
  const bool connected = connect(probe, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) == 0;
  // Too many wait to be accepted, or not everybody may ask.
  const bool in_use = connected || errno == EAGAIN || errno == EACCES;
  close(probe);
  return in_use;
}

// Has the streams of reflection watched.
class ReflectionWatch final : public grpc::experimental::ServerInterceptorFactoryInterface {
 public:
  explicit ReflectionWatch(CallWatch* watch) : watch_(watch) {}

  grpc::experimental::Interceptor* CreateServerInterceptor(grpc::experimental::ServerRpcInfo* info) override {
    if (!absl::StartsWith(absl::NullSafeStringView(info->method()), kReflection)) return nullptr;
    // gRPC owns it, for as long as the stream lasts.
    return std::make_unique<Stream>(watch_, info->server_context()).release();
  }

 private:
  class Stream final : public grpc::experimental::Interceptor {
   public:
    Stream(CallWatch* watch, grpc::ServerContextBase* context) : watch_(watch), entry_(context) {}
    ~Stream() override { watch_->Remove(&entry_); }

    void Intercept(grpc::experimental::InterceptorBatchMethods* methods) override {
      // There is no call to end before that.
      using grpc::experimental::InterceptionHookPoints;
      if (methods->QueryInterceptionHookPoint(InterceptionHookPoints::POST_RECV_INITIAL_METADATA)) {
        watch_->AddStream(&entry_);
      }
      methods->Proceed();
    }

   private:
    CallWatch* const watch_;
    CallWatch::Entry entry_;
  };

  CallWatch* const watch_;
};

}  // namespace

GrpcServer::GrpcServer() : counts_(std::make_unique<CallCounts>()) {}

absl::StatusOr<std::unique_ptr<GrpcServer>> GrpcServer::Start(const Options& options,
                                                              std::vector<ServiceDefinition> services) {
  EnablePlugins();
  std::unique_ptr<GrpcServer> server(new GrpcServer());
  server->watch_ = std::make_unique<CallWatch>(options.watch);
  if (!server->watch_->status().ok()) return server->watch_->status();
  grpc::ServerBuilder builder;
  // Of two arguments of a name gRPC takes the first.
  const auto add_unless_given = [&](const std::string& name, int value) {
    for (const auto& argument : options.channel_arguments) {
      if (argument.first == name) return;
    }
    builder.AddChannelArgument(name, value);
  };
  // Two processes on one port would share its calls at random.
  add_unless_given(GRPC_ARG_ALLOW_REUSEPORT, 0);
  add_unless_given(GRPC_ARG_HTTP2_MIN_RECV_PING_INTERVAL_WITHOUT_DATA_MS, kMinPingIntervalMs);
  add_unless_given(GRPC_ARG_KEEPALIVE_PERMIT_WITHOUT_CALLS, 1);
  add_unless_given(GRPC_ARG_MAX_CONNECTION_IDLE_MS, static_cast<int>(options.max_connection_idle.count()));
  add_unless_given(GRPC_ARG_SERVER_HANDSHAKE_TIMEOUT_MS, static_cast<int>(options.handshake_timeout.count()));
  add_unless_given(GRPC_ARG_KEEPALIVE_TIME_MS, static_cast<int>(options.keepalive_time.count()));
  // What has no room at all is not even read.
  constexpr int64_t kMostBytes = std::numeric_limits<int>::max();
  builder.SetMaxReceiveMessageSize(
      static_cast<int>(options.memory == nullptr ? kMostBytes : std::min(kMostBytes, options.memory->bound())));
  builder.SetMaxSendMessageSize(-1);
  // Only reflection uses gRPC's own threads: one for each stream, as long as that lasts. Beyond them it is
  // RESOURCE_EXHAUSTED.
  builder.SetSyncServerOption(grpc::ServerBuilder::NUM_CQS, 1);
  grpc::ResourceQuota quota("trilho");
  quota.SetMaxThreads(kReflectionThreads);
  builder.SetResourceQuota(quota);
  std::vector<std::unique_ptr<grpc::experimental::ServerInterceptorFactoryInterface>> interceptors;
  interceptors.push_back(std::make_unique<ReflectionWatch>(server->watch_.get()));
  builder.experimental().SetInterceptorCreators(std::move(interceptors));
  for (const auto& argument : options.channel_arguments) {
    int number = 0;
    if (absl::SimpleAtoi(argument.second, &number)) {
      builder.AddChannelArgument(argument.first, number);
    } else {
      builder.AddChannelArgument(argument.first, argument.second);
    }
  }
  const auto credentials = options.credentials == nullptr ? grpc::InsecureServerCredentials() : options.credentials;
  const std::string address =
      absl::StrContains(options.address, ":") ? absl::StrCat("[", options.address, "]") : options.address;
  builder.AddListeningPort(absl::StrCat(address, ":", options.port), credentials, &server->port_);
  if (!options.socket_path.empty()) {
    const std::filesystem::path folder = std::filesystem::path(options.socket_path).parent_path();
    std::error_code ignored;
    if (!folder.empty() && !std::filesystem::is_directory(folder, ignored)) {
      return absl::InvalidArgumentError(absl::StrCat("--grpc_socket_path: there is no folder ", folder.string()));
    }
  }
  int socket_bound = 1;
  if (!options.socket_path.empty()) {
    if (IsInUse(options.socket_path)) {
      return absl::UnavailableError(absl::StrCat("cannot listen on socket ", options.socket_path,
                                                 ": it is in use by another process or not permitted"));
    }
    builder.AddListeningPort("unix:" + options.socket_path, credentials, &socket_bound);
  }
  server->unknown_methods_ = std::make_unique<UnknownMethods>(services, options.service_hint);
  builder.RegisterCallbackGenericService(server->unknown_methods_.get());
  for (ServiceDefinition& definition : services) {
    server->services_.push_back(std::make_unique<RawService>(std::move(definition), options.authorize, options.memory,
                                                             server->watch_.get(), server->counts_.get()));
    builder.RegisterService(server->services_.back().get());
  }
  server->data_queue_ = builder.AddCompletionQueue();
  server->control_queue_ = builder.AddCompletionQueue();
  // Before the server: without them it would take calls that nobody answers. They begin when it stands.
  const int data_threads = std::max(1, options.data_threads);
  const std::shared_future<bool> stands = server->stands_.get_future().share();
  const auto start_threads = [&server, &stands](const char* name, int count, grpc::ServerCompletionQueue* queue) {
    for (int i = 0; i < count; ++i) {
      auto thread = StartThread(name, [stands, queue] {
        if (stands.get()) RawService::Poll(queue);
      });
      if (!thread.ok()) return thread.status();
      server->threads_.push_back(*std::move(thread));
    }
    return absl::OkStatus();
  };
  // One more than may run, see CallQueue.
  absl::Status threads = start_threads("grpc data", data_threads + 1, server->data_queue_.get());
  threads.Update(start_threads("grpc control", kControlThreads + 1, server->control_queue_.get()));
  if (!threads.ok()) return threads;
  server->server_ = builder.BuildAndStart();
  if (server->server_ == nullptr || server->port_ == 0 || socket_bound == 0) {
    std::string place = absl::StrCat("port ", options.port);
    if (!options.socket_path.empty()) absl::StrAppend(&place, " or socket ", options.socket_path);
    return absl::UnavailableError(
        absl::StrCat("cannot listen on ", place, ": it is in use by another process or not permitted"));
  }
  server->SetServing(false);
  server->SetServicesServing(false);
  server->data_calls_ =
      std::make_unique<CallQueue>(data_threads, static_cast<size_t>(std::max(0, options.max_waiting_calls)));
  server->control_calls_ = std::make_unique<CallQueue>(kControlThreads, kMaxWaitingControlCalls);
  for (const auto& service : server->services_) {
    service->RequestCalls(/*is_data=*/true, server->data_queue_.get(), server->data_calls_.get());
    service->RequestCalls(/*is_data=*/false, server->control_queue_.get(), server->control_calls_.get());
  }
  server->stands_.set_value(true);
  return server;
}

void GrpcServer::SetServing(bool serving) { server_->GetHealthCheckService()->SetServingStatus("", serving); }

void GrpcServer::SetServicesServing(bool serving) {
  grpc::HealthCheckServiceInterface* health = server_->GetHealthCheckService();
  for (const auto& service : services_) {
    health->SetServingStatus(service->name(), serving);
    health->SetServingStatus(BareName(service->name()), serving);
  }
}

void GrpcServer::SetModelServing(const std::string& model, bool serving) {
  for (const auto& service : services_) {
    if (model == service->name() || model == BareName(service->name())) return;
  }
  server_->GetHealthCheckService()->SetServingStatus(model, serving);
}

bool GrpcServer::IsQuiet(std::chrono::steady_clock::time_point since) const {
  using std::chrono::steady_clock;
  const steady_clock::time_point last{steady_clock::duration(counts_->last_came)};
  // Nobody calls at all.
  if (since - last > kQuietBefore) return true;
  return steady_clock::now() - std::max(since, last) >= kQuiet;
}

void GrpcServer::TurnAwayCallers(std::chrono::steady_clock::time_point deadline) {
  using std::chrono::steady_clock;
  counts_->leaving = true;
  const auto patience = std::min(deadline, steady_clock::now() + kTurnAway);
  const auto is_called = [this] {
    const steady_clock::time_point last{steady_clock::duration(counts_->last_came)};
    return counts_->admitted > 0 || steady_clock::now() - last < kLateCalls;
  };
  while (is_called() && steady_clock::now() < patience) std::this_thread::sleep_for(kShutdownPeriod);
  if (counts_->admitted > 0) return;
  // Closes connections on which nothing runs. Each GOAWAY names the last call that was seen, so that clients send those
  // after it elsewhere. The ports are closed right after that, before anybody has connected again.
  grpc_server_cancel_all_calls(server_->c_server());
  server_->Shutdown(gpr_now(GPR_CLOCK_MONOTONIC));
}

bool GrpcServer::Shutdown(std::chrono::milliseconds grace) {
  using std::chrono::steady_clock;
  const auto deadline = steady_clock::now() + grace;
  shut_down_ = true;
  server_->GetHealthCheckService()->Shutdown();
  TurnAwayCallers(deadline);
  // Closes the ports and returns when no call is left, streams included. gRPC's own end of the grace is later than the
  // one below, which it must leave its time.
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline + 2 * kCancelledCalls - steady_clock::now());
  const gpr_timespec grpc_deadline =
      gpr_time_add(gpr_now(GPR_CLOCK_MONOTONIC), gpr_time_from_millis(left.count(), GPR_TIMESPAN));
  auto closing = StartThread("grpc closing", [this, grpc_deadline] { server_->Shutdown(grpc_deadline); });
  const auto wait_until = [this](steady_clock::time_point end) {
    while (counts_->open > 0 && steady_clock::now() < end) std::this_thread::sleep_for(kShutdownPeriod);
  };
  wait_until(deadline);
  // What gRPC has read before its ports were closed may still be on its way here.
  std::this_thread::sleep_until(std::min(deadline, steady_clock::now() + kLateCalls));
  wait_until(deadline);
  // Those that were not begun may be made elsewhere; a moment for their answers to go out.
  counts_->leaving = true;
  data_calls_->GiveUp();
  control_calls_->GiveUp();
  wait_until(steady_clock::now() + kLateCalls);
  grpc_server_cancel_all_calls(server_->c_server());
  if (closing.ok()) {
    closing->join();
  } else {
    // Without its thread, clients learn only now that the server goes.
    server_->Shutdown(gpr_now(GPR_CLOCK_MONOTONIC));
  }
  // gRPC is done with the calls that it has cancelled, their handlers may not be.
  return WaitForCalls(std::max(deadline, steady_clock::now() + kCancelledCalls));
}

bool GrpcServer::WaitForCalls(std::chrono::steady_clock::time_point deadline) const {
  // Once the server is shut down, gRPC gives back all calls that never came.
  while (counts_->requested > 0) {
    if (std::chrono::steady_clock::now() >= deadline) return false;
    std::this_thread::sleep_for(kShutdownPeriod);
  }
  return true;
}

GrpcServer::~GrpcServer() {
  if (server_ != nullptr) {
    if (!shut_down_) Shutdown(std::chrono::milliseconds(0));
    // Nothing may be asked of a queue that is shut down.
    WaitForCalls(std::chrono::steady_clock::time_point::max());
    data_queue_->Shutdown();
    control_queue_->Shutdown();
    for (std::thread& thread : threads_) thread.join();
    return;
  }
  // Start failed: gRPC wants its queues shut down and drained all the same.
  stands_.set_value(false);
  for (std::thread& thread : threads_) thread.join();
  for (grpc::ServerCompletionQueue* queue : {data_queue_.get(), control_queue_.get()}) {
    if (queue == nullptr) continue;
    queue->Shutdown();
    void* tag = nullptr;
    bool ok = false;
    while (queue->Next(&tag, &ok)) {
    }
  }
}

}  // namespace trilho

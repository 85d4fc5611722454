// Every flag reaches what the server is made with.

#include "cpp_server/server/options_from_flags.h"

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <functional>
#include <initializer_list>
#include <memory>
#include <set>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "cpp_server/admission/request_memory.h"
#include "cpp_server/config/compatibility_flags.h"
#include "cpp_server/config/flag_help.h"
#include "cpp_server/config/flags_for_test.h"
#include "cpp_server/config/refused_flags.h"
#include "cpp_server/contracts/compiled_for_test.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace trilho {
namespace {

using ::testing::HasSubstr;

using Options = ModelServer::Options;

std::string Shown(const std::string& text) { return text; }
std::string Shown(const std::vector<std::string>& texts) { return absl::StrJoin(texts, "|"); }
std::string Shown(bool value) { return value ? "true" : "false"; }
std::string Shown(int value) { return absl::StrCat(value); }
std::string Shown(int64_t value) { return absl::StrCat(value); }
std::string Shown(std::chrono::microseconds time) {
  return time.count() % 1000 == 0 ? absl::StrCat(time.count() / 1000, " ms") : absl::StrCat(time.count(), " us");
}

// What of the options a flag is to set, as text; "none" for a front that is not there.
template <typename Get>
std::function<std::string(const Options&)> Of(Get get) {
  return [get](const Options& options) { return Shown(get(options)); };
}
template <typename Get>
std::function<std::string(const Options&)> OfHttp(Get get) {
  return [get](const Options& options) { return options.http ? Shown(get(*options.http)) : "none"; };
}
template <typename Get>
std::function<std::string(const Options&)> OfManagement(Get get) {
  return [get](const Options& options) { return options.management ? Shown(get(*options.management)) : "none"; };
}

struct Case {
  const char* flag;
  std::string value;
  std::function<std::string(const Options&)> get;
  std::string expected;
};

#define OF(member) Of([](const Options& o) { return o.member; })
#define OF_HTTP(member) OfHttp([](const HttpServer::Options& o) { return o.member; })
#define OF_MANAGEMENT(member) OfManagement([](const HttpServer::Options& o) { return o.member; })

class OptionsFromFlagsTest : public FlagsTest {
 protected:
  // Of a server of one model, with both HTTP ports.
  absl::StatusOr<Options> With(std::vector<std::string> flags) {
    const absl::FlagSaver saver;
    const std::vector<std::string> least = {"--model_base_path=/models/m", "--rest_api_port=-1",
                                            "--management_port=-1"};
    flags.insert(flags.begin(), least.begin(), least.end());
    const absl::Status parsed = Parse(std::move(flags));
    if (!parsed.ok()) return parsed;
    return OptionsFromFlags();
  }

  std::vector<Case> Values() {
    const std::string contract = CompileProto(
        TestProto("\nservice S { rpc M(In) returns (In) { option (trilho.contract.model) = { name: \"m\" }; } }"
                  "\nmessage In { float x = 1; }"));
    const auto config = [](const Options& o) { return o.models.model_config_list().config(0); };
    const auto intra = [](const Options& o) { return o.saved_model.session.intra_op_parallelism_threads(); };
    const auto inter = [](const Options& o) { return o.saved_model.session.inter_op_parallelism_threads(); };
    return {
        // gRPC
        {"port", "9000", OF(grpc.port), "9000"},
        {"grpc_socket_path", "/run/s", OF(grpc.socket_path), "/run/s"},
        {"grpc_max_threads", "77", OF(grpc.data_threads), "77"},
        {"bind_address", "127.0.0.2", OF(grpc.address), "127.0.0.2"},
        {"bind_address", "127.0.0.2", OF_HTTP(address), "127.0.0.2"},
        {"bind_address", "127.0.0.2", OF_MANAGEMENT(address), "127.0.0.2"},
        {"max_queued_requests", "5", OF(grpc.max_waiting_calls), "5"},
        {"max_queued_requests", "5", OF(first_loads.max_waiting_calls), "5"},
        {"max_queued_requests", "5", OF_HTTP(max_queued_data_calls), "5"},
        {"max_request_memory_bytes", "1234", OF(grpc.memory->bound()), "1234"},
        {"max_request_memory_bytes", "1234", OF_HTTP(memory->bound()), "1234"},
        {"max_request_memory_bytes", "1234", OF_MANAGEMENT(memory->bound()), "1234"},
        {"max_request_memory_bytes", "0", OF(grpc.memory == nullptr), "true"},
        {"max_response_memory_bytes", "1234", OF(grpc.watch.memory->bound()), "1234"},
        {"max_response_memory_bytes", "0", OF(grpc.watch.memory == nullptr), "true"},
        {"max_response_memory_bytes", "1234", OF_HTTP(response_memory->bound()), "1234"},
        {"max_response_memory_bytes", "1234", OF_MANAGEMENT(response_memory->bound()), "1234"},
        {"max_response_memory_bytes", "0", OF_HTTP(response_memory == nullptr), "true"},
        {"grpc_channel_arguments", "a=1,b=2",
         Of([](const Options& o) { return absl::StrJoin(o.grpc.channel_arguments, " ", absl::PairFormatter(":")); }),
         "a:1 b:2"},
        {"enable_serialization_as_tensor_content", "true", OF(encoding == TensorEncoding::kTensorContent), "true"},
        // REST
        {"rest_api_port", "9001", OF_HTTP(port), "9001"},
        {"rest_api_port", "0", OF_HTTP(port), "none"},
        {"rest_api_num_threads", "66", OF_HTTP(data_threads), "66"},
        {"rest_api_timeout_in_ms", "250", OF_HTTP(request_timeout), "250 ms"},
        {"rest_api_max_body_bytes", "99", OF_HTTP(max_body_bytes), "99"},
        {"rest_api_max_body_bytes", "99", OF_MANAGEMENT(max_body_bytes), "99"},
        {"rest_api_enable_cors_support", "true", OF_HTTP(cors), "true"},
        {"management_port", "9002", OF_MANAGEMENT(port), "9002"},
        {"management_port", "0", OF_MANAGEMENT(port), "none"},
        {"allowed_hosts", "a.example, b", OF(allowed_hosts), "a.example|b"},
        // Models
        {"model_name", "n", Of([=](const Options& o) { return config(o).name(); }), "n"},
        {"model_base_path", "/other", Of([=](const Options& o) { return config(o).base_path(); }), "/other"},
        {"model_config_file",
         File("models", "model_config_list { config { name: 'f' base_path: '/f' model_platform: 'tensorflow' } }"),
         Of([=](const Options& o) { return config(o).name() + (o.model_config_file.empty() ? "" : " again"); }),
         "f again"},
        {"model_config_file_poll_wait_seconds", "3", OF(model_config_poll_wait), "3000 ms"},
        {"config_state_file", "/state", OF(config_state_file), "/state"},
        {"contracts", File("set.desc", contract), Of([](const Options& o) {
           return static_cast<int>(o.contracts.contracts.methods.size() + o.contracts.descriptor_sets.size());
         }),
         "2"},
        {"file_system_poll_wait_seconds", "0.25", OF(watch.poll_wait), "250 ms"},
        {"version_completeness", "manifest", OF(watch.completeness == VersionCompleteness::kManifest), "true"},
        {"settle_seconds", "7", OF(watch.settle_time), "7000 ms"},
        {"max_num_load_retries", "9", OF(max_num_load_retries), "9"},
        {"load_retry_interval_micros", "123", OF(load_retry_interval), "123 us"},
        {"max_first_load_wait_seconds", "1.5", OF(first_loads.max_wait), "1500 ms"},
        {"max_first_load_wait_seconds", "0", OF(first_loads.max_wait), "0 ms"},
        {"readiness_of_all_models", "true", OF(readiness_of_all_models), "true"},
        {"enable_model_warmup", "false", OF(warm_up), "false"},
        {"synthetic_warmup_seconds", "1.5", OF(synthetic_warm_up), "1500 ms"},
        {"synthetic_warmup_seconds", "0.0001", OF(synthetic_warm_up), "1 ms"},
        {"num_request_iterations_for_warmup", "4", OF(warmup_iterations), "4"},
        {"enable_signature_method_name_check", "true", OF(saved_model.check_method_names), "true"},
        {"strict_input_shapes", "true", OF(saved_model.strict_input_shapes), "true"},
        // TensorFlow
        {"tensorflow_session_parallelism", "6", Of(intra), "6"},
        {"tensorflow_session_parallelism", "6", Of(inter), "6"},
        {"tensorflow_intra_op_parallelism", "4", Of(intra), "4"},
        {"tensorflow_inter_op_parallelism", "2", Of(inter), "2"},
        {"tensorflow_session_config_file", File("session", "inter_op_parallelism_threads: 5"), Of(inter), "5"},
        {"max_run_seconds", "0.5", OF(saved_model.max_run), "500 ms"},
        {"max_run_seconds", "0.0001", OF(saved_model.max_run), "1 ms"},
        {"saved_model_tags", "serve,gpu", OF(saved_model.tags), "serve|gpu"},
        {"op_library", "a.so,b.so", OF(op_libraries), "a.so|b.so"},
        // Batching
        {"enable_batching", "true", OF(batching.enabled), "true"},
        {"enable_per_model_batching_parameters", "true", OF(batching.per_model), "true"},
        {"explain_batching", "true", OF(batching.explain), "true"},
        // Security
        // As in TF Serving, the first is gRPC's alone.
        {"ssl_config_file", "/ssl", Of([](const Options& o) {
           return absl::StrJoin({o.tls.grpc, o.tls.rest, o.tls.management}, "|");
         }),
         "/ssl||"},
        {"rest_api_ssl_config_file", "/ssl", OF(tls.rest), "/ssl"},
        {"management_ssl_config_file", "/ssl", OF(tls.management), "/ssl"},
        {"auth_token_file", "/tokens", OF(auth_token_file), "/tokens"},
        {"model_roots", ::testing::TempDir(), OF(model_roots.are_everywhere()), "false"},
        // Observability
        {"monitoring_config_file", File("monitoring", "prometheus_config { enable: true path: '/m' }"),
         OF(metrics_path), "/m"},
        {"access_log", "/log",
         Of([](const Options& o) { return o.access_log ? o.access_log->path : std::string("none"); }), "/log"},
        {"request_log_max_file_bytes", "1000", OF(request_log.files.max_file_bytes), "1000"},
        {"request_log_max_total_bytes", "2000000000", OF(request_log.files.max_total_bytes), "2000000000"},
        {"request_log_max_file_seconds", "0.5", OF(request_log.files.max_file_age), "500 ms"},
        {"request_log_max_file_seconds", "0.0001", OF(request_log.files.max_file_age), "1 ms"},
    };
  }
};

TEST_F(OptionsFromFlagsTest, EachFlagSetsWhatItSays) {
  const auto defaults = With({});
  ASSERT_TRUE(defaults.ok()) << defaults.status();
  for (const Case& test : Values()) {
    const std::string flag = absl::StrCat("--", test.flag, "=", test.value);
    EXPECT_NE(test.get(*defaults), test.expected) << flag << " is tested with what it is anyway";
    const auto options = With({flag});
    ASSERT_TRUE(options.ok()) << options.status();
    EXPECT_EQ(test.get(*options), test.expected) << flag;
  }
}

TEST_F(OptionsFromFlagsTest, FlagsThatNeedAnotherOneSetWhatTheySay) {
  auto options = With({"--access_log=/log", "--access_log_sampling=0.25"});
  ASSERT_TRUE(options.ok()) << options.status();
  EXPECT_EQ(options->access_log->sample, 0.25);
  options =
      With({"--enable_batching", "--batching_parameters_file=" + File("batching", "max_batch_size { value: 9 }")});
  ASSERT_TRUE(options.ok()) << options.status();
  EXPECT_EQ(options->batching.parameters.max_batch_size, 9);
}

TEST_F(OptionsFromFlagsTest, NoFlagOfTheServerIsLeftOut) {
  std::set<std::string> tested = {"access_log_sampling", "batching_parameters_file",
                                  // Of the process and not of the server in it.
                                  "check_config", "lame_duck_seconds", "shutdown_grace_seconds"};
  for (const Case& test : Values()) tested.insert(test.flag);
  // Nobody reads those.
  for (const CompatibilityFlag& flag : CompatibilityFlags()) tested.insert(flag.name);
  for (const RefusedFlag& flag : RefusedFlags()) tested.insert(flag.name);
  const std::vector<std::string> all = ServerFlags();
  EXPECT_EQ(tested, std::set<std::string>(all.begin(), all.end()));
}

TEST_F(OptionsFromFlagsTest, WhatNobodyHasAskedForIsOff) {
  const absl::FlagSaver saver;
  ASSERT_TRUE(Parse({"--model_base_path=/models/m"}).ok());
  const auto options = OptionsFromFlags();
  ASSERT_TRUE(options.ok()) << options.status();
  EXPECT_FALSE(options->http);
  EXPECT_FALSE(options->management);
  EXPECT_FALSE(options->access_log);
  EXPECT_FALSE(options->batching.enabled);
  EXPECT_EQ(options->metrics_path, "");
  EXPECT_EQ(options->config_state_file, "");
  const auto with_http = With({});
  ASSERT_TRUE(with_http.ok()) << with_http.status();
  EXPECT_FALSE(with_http->http->cors);
}

TEST_F(OptionsFromFlagsTest, OneThreadPerCpuRunsModels) {
  const auto options = With({});
  ASSERT_TRUE(options.ok()) << options.status();
  const int cpus = static_cast<int>(std::thread::hardware_concurrency());
  EXPECT_EQ(options->grpc.data_threads, cpus);
  EXPECT_EQ(options->http->data_threads, cpus);
}

TEST_F(OptionsFromFlagsTest, ThePortForManagementIsNotForPagesAndMayTakeItsTime) {
  const auto options = With({"--rest_api_enable_cors_support", "--rest_api_timeout_in_ms=250"});
  ASSERT_TRUE(options.ok()) << options.status();
  EXPECT_FALSE(options->management->cors);
  // A model that loads for minutes is answered when it is there.
  EXPECT_EQ(options->management->request_timeout.count(), 0);
}

TEST_F(OptionsFromFlagsTest, NoFrontCanTakeTheMemoryOfAnother) {
  const auto options = With({});
  ASSERT_TRUE(options.ok()) << options.status();
  // Management has little, and takes nothing from the others.
  const int64_t share = UsableMemory() / 4 / 2, little = std::min(int64_t{64} << 20, UsableMemory() / 32);
  const std::initializer_list<std::shared_ptr<RequestMemory>> requests = {options->grpc.memory, options->http->memory,
                                                                          options->management->memory};
  const std::initializer_list<std::shared_ptr<ResponseMemory>> responses = {
      options->grpc.watch.memory, options->http->response_memory, options->management->response_memory};
  const auto bounds = [](const auto& budgets) {
    std::vector<int64_t> all;
    for (const auto& budget : budgets) all.push_back(budget == nullptr ? 0 : budget->bound());
    return all;
  };
  EXPECT_EQ(bounds(requests), (std::vector<int64_t>{share, share, little}));
  EXPECT_EQ(bounds(responses), (std::vector<int64_t>{share, share, little}));
  EXPECT_EQ((std::set<std::shared_ptr<RequestMemory>>(requests).size()), 3u);
  EXPECT_EQ((std::set<std::shared_ptr<ResponseMemory>>(responses).size()), 3u);
}

TEST_F(OptionsFromFlagsTest, AFrontAloneHasAllOfTheMemory) {
  const auto options = With({"--rest_api_port=0"});
  ASSERT_TRUE(options.ok()) << options.status();
  EXPECT_EQ(options->grpc.memory->bound(), UsableMemory() / 4);
}

TEST_F(OptionsFromFlagsTest, AFileThatCannotBeReadIsNamedWithItsFlag) {
  for (const char* flag : {"model_config_file", "contracts", "tensorflow_session_config_file",
                           "batching_parameters_file", "monitoring_config_file", "model_roots"}) {
    const auto options = With({"--enable_batching", absl::StrCat("--", flag, "=/no/such")});
    ASSERT_FALSE(options.ok()) << flag;
    EXPECT_THAT(std::string(options.status().message()), HasSubstr(absl::StrCat("--", flag)));
    EXPECT_THAT(std::string(options.status().message()), HasSubstr("/no/such"));
  }
}

TEST_F(OptionsFromFlagsTest, TheCheckOfTheConfigurationKnowsWhatIsLogged) {
  const auto checks = ModelConfigChecks();
  ASSERT_EQ(checks.size(), 1u);
  const auto check = [&](const std::vector<std::string>& logging) {
    tensorflow::serving::ModelServerConfig config;
    for (const std::string& text : logging) {
      auto* const model = config.mutable_model_config_list()->add_config();
      EXPECT_TRUE(google::protobuf::TextFormat::ParseFromString(
          absl::StrCat("name: 'm", config.model_config_list().config_size(),
                       "' base_path: '/m' model_platform: 'tensorflow' logging_config { ", text, " }"),
          model));
    }
    return checks[0](config);
  };
  const std::string good = absl::StrCat("log_collector_config { filename_prefix: '", ::testing::TempDir(),
                                        "/a' } sampling_config { sampling_rate: 1 }");
  const std::string bad = "sampling_config { sampling_rate: 2 }";
  EXPECT_EQ(check({good}), absl::OkStatus());
  const absl::Status both = check({bad, good, bad});
  EXPECT_EQ(both.code(), absl::StatusCode::kInvalidArgument);
  for (const char* model : {"m1", "m3"}) EXPECT_THAT(std::string(both.message()), HasSubstr(model));
  // Each is well, but two would write one file.
  EXPECT_EQ(check({good, good}).code(), absl::StatusCode::kInvalidArgument);
}

}  // namespace
}  // namespace trilho

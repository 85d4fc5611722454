// The command line: TF Serving's flags, and Trilho's own.
//
// A flag that means what it means to TF Serving has its name, type and, unless
// its help says otherwise, its default. Each is defined in the flags_*.cc of its
// subject, which is also its group in --help. Those that are accepted without
// effect are in compatibility_flags.cc, those that are refused in
// refused_flags.cc; nobody reads them, so they are not declared here.

#ifndef TRILHO_CPP_SERVER_CONFIG_FLAGS_H_
#define TRILHO_CPP_SERVER_CONFIG_FLAGS_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/flags/declare.h"
#include "absl/status/status.h"

// gRPC
ABSL_DECLARE_FLAG(int, port);
ABSL_DECLARE_FLAG(std::string, grpc_socket_path);
ABSL_DECLARE_FLAG(int, grpc_max_threads);
ABSL_DECLARE_FLAG(std::string, bind_address);
ABSL_DECLARE_FLAG(int, max_queued_requests);
ABSL_DECLARE_FLAG(int64_t, max_request_memory_bytes);
ABSL_DECLARE_FLAG(int64_t, max_response_memory_bytes);
ABSL_DECLARE_FLAG(std::string, grpc_channel_arguments);
ABSL_DECLARE_FLAG(bool, enable_serialization_as_tensor_content);

// REST
ABSL_DECLARE_FLAG(int, rest_api_port);
ABSL_DECLARE_FLAG(int, rest_api_num_threads);
ABSL_DECLARE_FLAG(int, rest_api_timeout_in_ms);
ABSL_DECLARE_FLAG(int64_t, rest_api_max_body_bytes);
ABSL_DECLARE_FLAG(bool, rest_api_enable_cors_support);
ABSL_DECLARE_FLAG(int, management_port);
ABSL_DECLARE_FLAG(std::string, allowed_hosts);

// Models
ABSL_DECLARE_FLAG(std::string, model_name);
ABSL_DECLARE_FLAG(std::string, model_base_path);
ABSL_DECLARE_FLAG(std::string, model_config_file);
ABSL_DECLARE_FLAG(int, model_config_file_poll_wait_seconds);
ABSL_DECLARE_FLAG(std::string, config_state_file);
ABSL_DECLARE_FLAG(std::string, contracts);
ABSL_DECLARE_FLAG(bool, check_config);
ABSL_DECLARE_FLAG(double, file_system_poll_wait_seconds);
ABSL_DECLARE_FLAG(std::string, version_completeness);
ABSL_DECLARE_FLAG(double, settle_seconds);
ABSL_DECLARE_FLAG(int, max_num_load_retries);
ABSL_DECLARE_FLAG(int64_t, load_retry_interval_micros);
ABSL_DECLARE_FLAG(double, max_first_load_wait_seconds);
ABSL_DECLARE_FLAG(bool, readiness_of_all_models);
ABSL_DECLARE_FLAG(bool, enable_model_warmup);
ABSL_DECLARE_FLAG(double, synthetic_warmup_seconds);
ABSL_DECLARE_FLAG(int, num_request_iterations_for_warmup);
ABSL_DECLARE_FLAG(bool, enable_signature_method_name_check);
ABSL_DECLARE_FLAG(bool, strict_input_shapes);

// TensorFlow
ABSL_DECLARE_FLAG(int64_t, tensorflow_session_parallelism);
ABSL_DECLARE_FLAG(int64_t, tensorflow_intra_op_parallelism);
ABSL_DECLARE_FLAG(int64_t, tensorflow_inter_op_parallelism);
ABSL_DECLARE_FLAG(double, max_run_seconds);
ABSL_DECLARE_FLAG(std::string, tensorflow_session_config_file);
ABSL_DECLARE_FLAG(std::string, saved_model_tags);
ABSL_DECLARE_FLAG(std::string, op_library);

// Batching
ABSL_DECLARE_FLAG(bool, enable_batching);
ABSL_DECLARE_FLAG(std::string, batching_parameters_file);
ABSL_DECLARE_FLAG(bool, enable_per_model_batching_parameters);
ABSL_DECLARE_FLAG(bool, explain_batching);

// Security
ABSL_DECLARE_FLAG(std::string, ssl_config_file);
ABSL_DECLARE_FLAG(std::string, rest_api_ssl_config_file);
ABSL_DECLARE_FLAG(std::string, management_ssl_config_file);
ABSL_DECLARE_FLAG(std::string, auth_token_file);
ABSL_DECLARE_FLAG(std::string, model_roots);

// Observability
ABSL_DECLARE_FLAG(std::string, monitoring_config_file);
ABSL_DECLARE_FLAG(std::string, access_log);
ABSL_DECLARE_FLAG(double, access_log_sampling);
ABSL_DECLARE_FLAG(int64_t, request_log_max_file_bytes);
ABSL_DECLARE_FLAG(int64_t, request_log_max_total_bytes);
ABSL_DECLARE_FLAG(double, request_log_max_file_seconds);

// Shutdown
ABSL_DECLARE_FLAG(double, lame_duck_seconds);
ABSL_DECLARE_FLAG(double, shutdown_grace_seconds);

namespace trilho {

// Parses the command line into the flags above. --help and --version print and
// exit with 0. INVALID_ARGUMENT, naming the nearest valid flag, for a flag that
// is none, and for a word that is no flag; otherwise, unless --check_config is
// given, for what FlagProblems says: CheckConfig reports that with the rest. A
// value that does not parse, or is missing, is INVALID_ARGUMENT too. What the
// files of --flagfile say, a flag a line, stands in its place and is judged alike.
// Logs which flags have no effect. For the main thread, before others read flags.
absl::Status ParseFlags(int argc, char** argv);

// Returns "--NAME=VALUE" for each flag that has another value than its default, by name. Flags name the files of
// secrets, and hold none themselves.
std::vector<std::string> ChangedFlags();

// Whether the last ParseFlags saw the flag, on the command line or in a file of
// --flagfile, with whatever value.
bool FlagWasGiven(const std::string& name);

}  // namespace trilho

#endif  // TRILHO_CPP_SERVER_CONFIG_FLAGS_H_

// The command line: TF Serving's flag names where the feature is the same.

#ifndef TRILHO_CPP_SERVER_CONFIG_FLAGS_H_
#define TRILHO_CPP_SERVER_CONFIG_FLAGS_H_

#include <string>
#include <vector>

#include "absl/flags/declare.h"
#include "absl/status/status.h"

ABSL_DECLARE_FLAG(int, port);
ABSL_DECLARE_FLAG(std::string, grpc_socket_path);
ABSL_DECLARE_FLAG(int, grpc_max_threads);
ABSL_DECLARE_FLAG(std::string, bind_address);
ABSL_DECLARE_FLAG(int, max_queued_requests);
ABSL_DECLARE_FLAG(std::string, grpc_channel_arguments);
ABSL_DECLARE_FLAG(bool, enable_serialization_as_tensor_content);
ABSL_DECLARE_FLAG(int, rest_api_port);
ABSL_DECLARE_FLAG(int, rest_api_num_threads);
ABSL_DECLARE_FLAG(int, rest_api_timeout_in_ms);
ABSL_DECLARE_FLAG(bool, rest_api_enable_cors_support);
ABSL_DECLARE_FLAG(std::string, access_log);
ABSL_DECLARE_FLAG(double, access_log_sampling);
ABSL_DECLARE_FLAG(int64_t, request_log_max_file_bytes);
ABSL_DECLARE_FLAG(int64_t, request_log_max_total_bytes);
ABSL_DECLARE_FLAG(int, num_request_iterations_for_warmup);
ABSL_DECLARE_FLAG(std::string, auth_token_file);
ABSL_DECLARE_FLAG(int, model_config_file_poll_wait_seconds);
ABSL_DECLARE_FLAG(bool, allow_version_labels_for_unavailable_models);
ABSL_DECLARE_FLAG(double, lame_duck_seconds);
ABSL_DECLARE_FLAG(std::string, model_name);
ABSL_DECLARE_FLAG(std::string, model_base_path);
ABSL_DECLARE_FLAG(std::string, model_config_file);
ABSL_DECLARE_FLAG(double, file_system_poll_wait_seconds);
ABSL_DECLARE_FLAG(int, max_num_load_retries);
ABSL_DECLARE_FLAG(int64_t, load_retry_interval_micros);
ABSL_DECLARE_FLAG(bool, enable_model_warmup);
ABSL_DECLARE_FLAG(int, tensorflow_intra_op_parallelism);
ABSL_DECLARE_FLAG(std::string, saved_model_tags);
ABSL_DECLARE_FLAG(double, shutdown_grace_seconds);

namespace trilho {

// Parses the command line into the flags above. --help and --version print and
// exit with 0. INVALID_ARGUMENT, naming the nearest valid flag, for a flag that
// is none, and for a word that is no flag; a value that does not parse ends the
// process with 1 and a line that says so.
absl::Status ParseFlags(int argc, char** argv);

// The name out of `known` that takes the fewest edits to become `name`; empty
// if all are far.
std::string NearestName(const std::string& name, const std::vector<std::string>& known);

}  // namespace trilho

#endif  // TRILHO_CPP_SERVER_CONFIG_FLAGS_H_

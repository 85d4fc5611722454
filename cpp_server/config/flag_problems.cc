#include "cpp_server/config/flag_problems.h"

#include <arpa/inet.h>

#include <initializer_list>
#include <limits>
#include <map>
#include <memory>
#include <utility>

#include "absl/flags/flag.h"
#include "absl/flags/reflection.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "cpp_server/config/channel_arguments.h"
#include "cpp_server/config/flags.h"
#include "cpp_server/config/refused_flags.h"
#include "cpp_server/config/version_completeness.h"

namespace trilho {
namespace {

constexpr int kMostPort = 65535;
// More than 30 years: beyond it nanoseconds overflow soon.
constexpr int kMostSeconds = 1000 * 1000 * 1000;
constexpr int64_t kMostMicros = int64_t{kMostSeconds} * 1000 * 1000;
constexpr int kMostThreads = 10000;
constexpr int kMostInt = std::numeric_limits<int>::max();
constexpr int64_t kMostBytes = std::numeric_limits<int64_t>::max();

std::string ValueOf(const char* flag) { return absl::FindCommandLineFlag(flag)->CurrentValue(); }

template <typename Range, typename Number>
void CheckRange(const Range& range, bool parsed, Number value, std::vector<std::string>* problems) {
  // Not a number is not within it either.
  if (parsed && value >= range.least && value <= range.most) return;
  problems->push_back(absl::StrCat("--", range.flag, " is ", ValueOf(range.flag), "; it must be from ", range.least,
                                   " to ", range.most));
}

void CheckRanges(std::vector<std::string>* problems) {
  for (const IntegerRange& range : IntegerRanges()) {
    int64_t value = 0;
    const bool parsed = absl::SimpleAtoi(ValueOf(range.flag), &value);
    CheckRange(range, parsed, value, problems);
  }
  for (const NumberRange& range : NumberRanges()) {
    double value = 0;
    const bool parsed = absl::SimpleAtod(ValueOf(range.flag), &value);
    CheckRange(range, parsed, value, problems);
  }
  const double poll = absl::GetFlag(FLAGS_file_system_poll_wait_seconds);
  if (poll > 0 && poll < 0.001) {
    problems->push_back(
        absl::StrCat("--file_system_poll_wait_seconds is ", poll, "; it must be at least 0.001, or 0 to look once"));
  }
}

void CheckPorts(std::vector<std::string>* problems) {
  std::map<int, std::string> taken;
  for (const char* flag : {"port", "rest_api_port", "management_port"}) {
    int port = 0;
    // 0 and less are no port, or any.
    if (!absl::SimpleAtoi(ValueOf(flag), &port) || port <= 0) continue;
    const auto other = taken.emplace(port, flag);
    if (other.second) continue;
    problems->push_back(
        absl::StrCat("--", flag, " and --", other.first->second, " are both ", port, "; they must differ"));
  }
}

void CheckAddress(std::vector<std::string>* problems) {
  const std::string address = absl::GetFlag(FLAGS_bind_address);
  unsigned char parsed[sizeof(in6_addr)];
  if (inet_pton(AF_INET, address.c_str(), parsed) == 1 || inet_pton(AF_INET6, address.c_str(), parsed) == 1) return;
  problems->push_back(absl::StrCat("--bind_address is \"", address,
                                   "\"; it must be an IPv4 or IPv6 address, e.g. 0.0.0.0, 127.0.0.1 or ::"));
}

void CheckCombinations(std::vector<std::string>* problems) {
  if (!absl::GetFlag(FLAGS_batching_parameters_file).empty() && !absl::GetFlag(FLAGS_enable_batching)) {
    problems->push_back(
        "server_options.batching_parameters_file is set without setting server_options.enable_batching to true. "
        "--batching_parameters_file needs --enable_batching");
  }
  for (const auto& [file, port] : {std::make_pair("rest_api_ssl_config_file", "rest_api_port"),
                                   std::make_pair("management_ssl_config_file", "management_port")}) {
    if (ValueOf(file).empty() || ValueOf(port) != "0") continue;
    problems->push_back(absl::StrCat("--", file, " is set without --", port));
  }
  // The default of intra_op, which is not TF Serving's, was not chosen by anybody.
  if (absl::GetFlag(FLAGS_tensorflow_session_parallelism) > 0 &&
      absl::GetFlag(FLAGS_tensorflow_inter_op_parallelism) > 0 && FlagWasGiven("tensorflow_intra_op_parallelism") &&
      absl::GetFlag(FLAGS_tensorflow_intra_op_parallelism) > 0) {
    problems->push_back(
        "Either configure server_options.tensorflow_session_parallelism or "
        "(server_options.tensorflow_intra_op_parallelism, server_options.tensorflow_inter_op_parallelism) separately. "
        "You cannot configure all. --tensorflow_session_parallelism is the short form of the other two");
  }
}

}  // namespace

const std::vector<IntegerRange>& IntegerRanges() {
  static const std::vector<IntegerRange>& ranges =
      *std::make_unique<const std::vector<IntegerRange>>(std::initializer_list<IntegerRange>{
                                                             {"port", 0, kMostPort},
                                                             {"grpc_max_threads", 0, kMostThreads},
                                                             {"max_queued_requests", 1, kMostInt},
                                                             {"max_request_memory_bytes", -1, kMostBytes},
                                                             {"max_response_memory_bytes", -1, kMostBytes},
                                                             {"rest_api_port", -1, kMostPort},
                                                             {"rest_api_num_threads", 0, kMostThreads},
                                                             {"rest_api_timeout_in_ms", 0, kMostInt},
                                                             {"rest_api_max_body_bytes", 1, kMostInt},
                                                             {"management_port", -1, kMostPort},
                                                             {"model_config_file_poll_wait_seconds", 0, kMostSeconds},
                                                             {"max_num_load_retries", 0, kMostInt},
                                                             // Negative: no wait.
                                                             {"load_retry_interval_micros", -kMostMicros, kMostMicros},
                                                             {"num_request_iterations_for_warmup", 0, kMostInt},
                                                             {"num_load_threads", 0, kMostInt},
                                                             {"num_unload_threads", 0, kMostInt},
                                                             // Fields of ConfigProto, which are of 32 bits.
                                                             {"tensorflow_session_parallelism", 0, kMostThreads},
                                                             {"tensorflow_intra_op_parallelism", 0, kMostThreads},
                                                             {"tensorflow_inter_op_parallelism", 0, kMostThreads},
                                                             {"request_log_max_file_bytes", 1, kMostBytes},
                                                             {"request_log_max_total_bytes", 1, kMostBytes},
                                                         })
           .release();
  return ranges;
}

const std::vector<NumberRange>& NumberRanges() {
  static const std::vector<NumberRange>& ranges =
      *std::make_unique<const std::vector<NumberRange>>(
           std::initializer_list<NumberRange>{
               // Negative: never.
               {"file_system_poll_wait_seconds", -kMostSeconds, kMostSeconds},
               {"max_run_seconds", 0, kMostSeconds},
               {"settle_seconds", 0, kMostSeconds},
               {"synthetic_warmup_seconds", 0, kMostSeconds},
               {"max_first_load_wait_seconds", 0, kMostSeconds},
               {"access_log_sampling", 0, 1},
               {"request_log_max_file_seconds", 0, kMostSeconds},
               {"lame_duck_seconds", 0, kMostSeconds},
               {"shutdown_grace_seconds", 0, kMostSeconds},
           })
           .release();
  return ranges;
}

std::vector<std::string> FlagProblems() {
  std::vector<std::string> problems = RefusedFlagProblems();
  CheckRanges(&problems);
  CheckPorts(&problems);
  CheckAddress(&problems);
  CheckCombinations(&problems);
  const auto arguments = ParseChannelArguments(absl::GetFlag(FLAGS_grpc_channel_arguments));
  if (!arguments.ok()) problems.emplace_back(arguments.status().message());
  for (const auto& argument : arguments.value_or(std::vector<std::pair<std::string, std::string>>())) {
    // With several listening sockets gRPC replaces a certificate in one thread while another one uses it.
    if (argument.first != "grpc.so_reuseport" || absl::GetFlag(FLAGS_ssl_config_file).empty()) continue;
    problems.emplace_back("--grpc_channel_arguments: grpc.so_reuseport cannot be set together with --ssl_config_file");
  }
  const auto completeness = ParseVersionCompleteness(absl::GetFlag(FLAGS_version_completeness));
  if (!completeness.ok()) problems.emplace_back(completeness.status().message());
  return problems;
}

}  // namespace trilho

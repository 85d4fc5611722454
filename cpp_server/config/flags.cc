#include "cpp_server/config/flags.h"

#include <algorithm>
#include <cstdio>
#include <cstdlib>

#include "absl/flags/flag.h"
#include "absl/flags/parse.h"
#include "absl/flags/reflection.h"
#include "absl/flags/usage_config.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "cpp_server/config/version.h"
#include "tensorflow/c/c_api.h"

ABSL_FLAG(int, port, 8500, "gRPC port on every address; 0 chooses a free one and logs it.");
ABSL_FLAG(std::string, grpc_socket_path, "", "Also listen on this UNIX socket.");
ABSL_FLAG(int, grpc_max_threads, 0, "Threads that run models, one call each; 0: one per CPU. Calls beyond them queue.");
ABSL_FLAG(std::string, bind_address, "0.0.0.0", "IP address that the gRPC and HTTP ports listen on.");
ABSL_FLAG(int, max_queued_requests, 2048,
          "Requests that may wait for a thread, over gRPC and over HTTP each; what comes beyond is answered "
          "RESOURCE_EXHAUSTED (429) at once.");
ABSL_FLAG(std::string, grpc_channel_arguments, "",
          "Comma-separated KEY=VALUE arguments of gRPC's listening channels, e.g. grpc.max_connection_age_ms=60000.");
ABSL_FLAG(bool, enable_serialization_as_tensor_content, false,
          "Predict answers over gRPC with tensor_content instead of float_val and the like.");
ABSL_FLAG(int, rest_api_port, 0, "HTTP port of the REST API, health and readiness; 0: none.");
ABSL_FLAG(int, rest_api_num_threads, 0, "REST calls that run models at once; 0: one per CPU. Calls beyond them queue.");
ABSL_FLAG(int, rest_api_timeout_in_ms, 30000, "A REST call that takes longer is answered 504.");
ABSL_FLAG(bool, rest_api_enable_cors_support, false, "Let pages of other sites call the REST API.");
ABSL_FLAG(
    std::string, access_log, "",
    "File that gets a line of JSON for every inference; \"-\": standard error; empty: none. Opened anew on SIGHUP.");
ABSL_FLAG(double, access_log_sampling, 1, "Share of the inferences that succeed which the access log has, 0 to 1.");
ABSL_FLAG(int64_t, request_log_max_file_bytes, int64_t{64} << 20,
          "A file of logged requests (logging_config of a model) is closed before it grows beyond this.");
ABSL_FLAG(int64_t, request_log_max_total_bytes, int64_t{1} << 30,
          "Of the files of one model's logged requests together; the oldest are deleted.");
ABSL_FLAG(int, num_request_iterations_for_warmup, 1,
          "How often each request of a version's assets.extra/tf_serving_warmup_requests is run.");
ABSL_FLAG(std::string, auth_token_file, "",
          "File with a bearer token a line; every call but health and readiness must then have one of them.");
ABSL_FLAG(int, model_config_file_poll_wait_seconds, 0,
          "Seconds between two looks at --model_config_file; what has changed is taken over. 0: look once.");
ABSL_FLAG(bool, allow_version_labels_for_unavailable_models, false,
          "Has no effect: a label may always be set before its version is there.");
ABSL_FLAG(double, lame_duck_seconds, 0,
          "After SIGTERM, seconds in which health and readiness say no while calls are still taken, for balancers to "
          "notice.");
ABSL_FLAG(std::string, model_name, "default", "Name of the one model below --model_base_path.");
ABSL_FLAG(std::string, model_base_path, "", "Absolute path of the folder with the model's versions: 1/, 2/, ...");
ABSL_FLAG(std::string, model_config_file, "",
          "Text proto tensorflow.serving.ModelServerConfig naming one or more models; takes the place of --model_name "
          "and --model_base_path.");
ABSL_FLAG(double, file_system_poll_wait_seconds, 1,
          "Seconds between two looks for versions; 0: look once; negative: never look.");
ABSL_FLAG(int, max_num_load_retries, 5, "Tries after the first failed one to load a version.");
ABSL_FLAG(int64_t, load_retry_interval_micros, int64_t{60} * 1000 * 1000, "Microseconds before each of those tries.");
ABSL_FLAG(bool, enable_model_warmup, true, "Run every signature of a version once before it takes requests.");
ABSL_FLAG(int, tensorflow_intra_op_parallelism, 1,
          "Threads that one operation may spread over. One is best for small models; heavy ones with large batches may "
          "want more.");
ABSL_FLAG(std::string, saved_model_tags, "serve", "Comma-separated tags of the MetaGraph to load.");
ABSL_FLAG(double, shutdown_grace_seconds, 30,
          "After SIGTERM or SIGINT, seconds that calls under way get to finish before they are cancelled.");

namespace trilho {
namespace {

constexpr char kUsage[] =
    "trilho_server serves TensorFlow models over gRPC, with TF Serving's API and flag names.\n\n"
    "  trilho_server --model_name=mnist --model_base_path=/models/mnist\n"
    "  trilho_server --model_config_file=/etc/trilho/models.config --port=8500";

bool IsOurs(absl::string_view file) { return absl::StrContains(file, "cpp_server/"); }

std::vector<std::string> OurFlags() {
  std::vector<std::string> names;
  for (const auto& flag : absl::GetAllFlags()) {
    if (IsOurs(flag.second->Filename())) names.emplace_back(flag.first);
  }
  std::sort(names.begin(), names.end());
  return names;
}

// absl's own --help exits with 1.
void PrintHelp() {
  std::string text = absl::StrCat(kUsage, "\n\n");
  for (const std::string& name : OurFlags()) {
    const absl::CommandLineFlag* flag = absl::FindCommandLineFlag(name);
    absl::StrAppend(&text, "  --", name, "=", flag->DefaultValue(), "\n      ", flag->Help(), "\n");
  }
  std::fputs(text.c_str(), stdout);
}

// "port" of "--port=1", "-port" and "--noport"; empty for another word.
std::string FlagName(absl::string_view argument) {
  if (!absl::StartsWith(argument, "-") || argument == "-" || argument == "--") return "";
  argument.remove_prefix(absl::StartsWith(argument, "--") ? 2 : 1);
  return std::string(argument.substr(0, argument.find('=')));
}

bool IsKnown(const std::string& name) {
  // "version" is absl's to answer.
  if (name == "help" || name == "version") return true;
  if (absl::FindCommandLineFlag(name) != nullptr) return true;
  if (!absl::StartsWith(name, "no")) return false;
  const absl::CommandLineFlag* negated = absl::FindCommandLineFlag(name.substr(2));
  return negated != nullptr && negated->IsOfType<bool>();
}

size_t EditDistance(const std::string& a, const std::string& b) {
  std::vector<size_t> row(b.size() + 1);
  for (size_t j = 0; j <= b.size(); ++j) row[j] = j;
  for (size_t i = 1; i <= a.size(); ++i) {
    size_t diagonal = row[0];
    row[0] = i;
    for (size_t j = 1; j <= b.size(); ++j) {
      const size_t replaced = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
      diagonal = row[j];
      row[j] = std::min({replaced, row[j] + 1, row[j - 1] + 1});
    }
  }
  return row.back();
}

}  // namespace

std::string NearestName(const std::string& name, const std::vector<std::string>& known) {
  std::string nearest;
  // More than half of the letters wrong is another word, not a slip.
  size_t best = name.size() / 2 + 1;
  for (const std::string& candidate : known) {
    const size_t distance = EditDistance(name, candidate);
    if (distance < best) {
      best = distance;
      nearest = candidate;
    }
  }
  return nearest;
}

absl::Status ParseFlags(int argc, char** argv) {
  absl::FlagsUsageConfig config;
  config.version_string = [] { return absl::StrCat("Trilho ", kVersion, "\nTensorFlow ", TF_Version(), "\n"); };
  absl::SetFlagsUsageConfig(config);

  // Before absl does: it would stop at the first unknown flag with no advice.
  for (int i = 1; i < argc; ++i) {
    const std::string name = FlagName(argv[i]);
    if (name.empty()) {
      // The value of "--flag value" was skipped below.
      return absl::InvalidArgumentError(absl::StrCat("\"", argv[i], "\" is no flag; --help lists them"));
    }
    if (!IsKnown(name)) {
      const std::string nearest = NearestName(name, OurFlags());
      return absl::InvalidArgumentError(absl::StrCat("unknown flag --", name,
                                                     nearest.empty() ? "" : "; did you mean --" + nearest + "?",
                                                     nearest.empty() ? "; --help lists them" : ""));
    }
    if (name == "help") {
      PrintHelp();
      std::exit(0);
    }
    const bool has_value = absl::StrContains(argv[i], "=");
    const absl::CommandLineFlag* flag = absl::FindCommandLineFlag(name);
    if (!has_value && flag != nullptr && !flag->IsOfType<bool>() && i + 1 < argc) ++i;
  }
  absl::ParseCommandLine(argc, argv);
  return absl::OkStatus();
}

}  // namespace trilho

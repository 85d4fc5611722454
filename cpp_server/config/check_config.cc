#include "cpp_server/config/check_config.h"

#include <unistd.h>

#include <cstdint>
#include <filesystem>
#include <string>
#include <system_error>
#include <utility>

#include "absl/flags/flag.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "cpp_server/batching/batching_parameters.h"
#include "cpp_server/config/contract_files.h"
#include "cpp_server/config/flag_problems.h"
#include "cpp_server/config/flags.h"
#include "cpp_server/config/model_config.h"
#include "cpp_server/config/model_folders.h"
#include "cpp_server/config/model_roots.h"
#include "cpp_server/config/monitoring_config.h"
#include "cpp_server/config/saved_configuration.h"
#include "cpp_server/config/session_config.h"
#include "cpp_server/config/ssl_config.h"
#include "cpp_server/config/text_proto.h"
#include "cpp_server/contracts/contract_check.h"
#include "cpp_server/rpc/reflected_files.h"
#include "cpp_server/security/bearer_tokens.h"
#include "cpp_server/security/certificate_dates.h"
#include "cpp_server/security/tls_from_config.h"
#include "cpp_server/security/tls_identity.h"

namespace trilho {
namespace {

namespace fs = std::filesystem;
using tensorflow::serving::ModelServerConfig;

class Problems {
 public:
  void Add(std::string problem) { all_.push_back(std::move(problem)); }
  void Add(const absl::Status& status) {
    if (!status.ok()) Add(std::string(status.message()));
  }
  size_t size() const { return all_.size(); }

  absl::Status AsStatus() const {
    if (all_.empty()) return absl::OkStatus();
    return absl::InvalidArgumentError(
        absl::StrCat(all_.size(), all_.size() == 1 ? " problem:\n- " : " problems:\n- ", absl::StrJoin(all_, "\n- ")));
  }

 private:
  std::vector<std::string> all_;
};

// Of a file; `flag` names it.
void CheckModelServerConfig(const std::string& flag, const std::string& path, ModelServerConfig* config,
                            Problems* problems) {
  const absl::Status read = ReadTextProtoFile(flag, path, config);
  problems->Add(read);
  if (!read.ok()) return;
  for (const std::string& problem : ModelConfigProblems(*config)) problems->Add(absl::StrCat(flag, ": ", problem));
}

void AddNames(const ModelServerConfig& config, std::vector<std::string>* names) {
  for (const auto& model : config.model_config_list().config()) names->push_back(model.name());
}

// Returns the models; what can be read of them, if there are problems.
ModelServerConfig CheckModels(const std::vector<ModelConfigCheck>& more, Problems* problems) {
  const size_t before = problems->size();
  const std::string file = absl::GetFlag(FLAGS_model_config_file);
  ModelServerConfig config;
  if (file.empty()) {
    const auto single = SingleModel(absl::GetFlag(FLAGS_model_name), absl::GetFlag(FLAGS_model_base_path));
    problems->Add(single.status());
    if (single.ok()) config = *single;
  } else {
    CheckModelServerConfig("--model_config_file", file, &config, problems);
  }
  if (problems->size() != before) return config;
  for (const ModelConfigCheck& check : more) problems->Add(check(config));
  return config;
}

// `models` are the names of those that are configured.
void CheckContractFiles(const std::vector<std::string>& models, Problems* problems,
                        std::vector<std::string>* warnings) {
  const auto read = ReadContractFiles(absl::GetFlag(FLAGS_contracts));
  if (!read.ok()) return problems->Add(read.status());
  for (const DescriptorSetFile& set : read->descriptor_sets) {
    const absl::Status added = AddReflectedFiles(set.content, set.path);
    if (!added.ok()) problems->Add(absl::StrCat("--contracts: ", added.message()));
  }
  if (warnings == nullptr) return;
  for (const std::string& line : MethodsWithoutModel(read->contracts, models)) {
    warnings->push_back(absl::StrCat("--contracts: ", line));
  }
}

// The folder of a file that is to be written must be there.
void CheckWritable(const std::string& flag, const std::string& path, Problems* problems) {
  std::error_code ignored;
  const fs::path folder = fs::path(path).has_parent_path() ? fs::path(path).parent_path() : fs::path(".");
  if (!fs::is_directory(folder, ignored)) {
    problems->Add(absl::StrCat(flag, ": there is no folder ", folder.string()));
  } else if (fs::is_directory(path, ignored)) {
    problems->Add(absl::StrCat(flag, ": ", path, " is a folder, not a file"));
  } else if (access(fs::exists(path, ignored) ? path.c_str() : folder.c_str(), W_OK) != 0) {
    problems->Add(absl::StrCat(flag, ": cannot write ", path));
  }
}

// What the request log refuses when it is made.
void CheckRequestLog(Problems* problems) {
  const int64_t file = absl::GetFlag(FLAGS_request_log_max_file_bytes);
  const int64_t total = absl::GetFlag(FLAGS_request_log_max_total_bytes);
  if (file <= total) return;
  problems->Add(absl::StrCat("--request_log_max_file_bytes is ", file,
                             ", more than --request_log_max_total_bytes, which is ", total));
}

// `flag` names the file, if there is one.
void CheckTlsFile(const std::string& flag, const std::string& path, Problems* problems,
                  std::vector<std::string>* warnings) {
  if (path.empty()) return;
  const auto config = ReadSslConfigFile(flag, path);
  if (!config.ok()) return problems->Add(config.status());
  // The ports would refuse it, too.
  problems->Add(CheckTlsIdentity(TlsIdentityOf(*config)));
  const auto dates = DatesOfChain(config->server_cert());
  if (warnings == nullptr || !dates.ok()) return;
  const absl::Time now = absl::Now();
  if (ValidityAt(*dates, now) == CertificateValidity::kValid) return;
  warnings->push_back(absl::StrCat(flag, ": the certificate of ", path, " ", DescribeDates(*dates, now)));
}

void CheckLibraries(Problems* problems) {
  const std::string libraries = absl::GetFlag(FLAGS_op_library);
  for (absl::string_view part : absl::StrSplit(libraries, ',', absl::SkipEmpty())) {
    const std::string path(part);
    std::error_code ignored;
    if (!fs::is_regular_file(path, ignored) || access(path.c_str(), R_OK) != 0) {
      problems->Add(absl::StrCat("--op_library: cannot read ", path));
    }
  }
}

}  // namespace

absl::Status CheckConfig(const std::vector<ModelConfigCheck>& more, std::vector<std::string>* warnings) {
  Problems problems;
  for (const std::string& problem : FlagProblems()) problems.Add(problem);
  ModelServerConfig first = CheckModels(more, &problems);
  std::vector<std::string> models;
  AddNames(first, &models);
  problems.Add(SessionConfigFromFlags().status());
  CheckLibraries(&problems);
  CheckRequestLog(&problems);

  const std::string batching = absl::GetFlag(FLAGS_batching_parameters_file);
  if (!batching.empty()) problems.Add(ReadBatchingParametersFile("--batching_parameters_file", batching).status());
  CheckTlsFile("--ssl_config_file", absl::GetFlag(FLAGS_ssl_config_file), &problems, warnings);
  CheckTlsFile("--rest_api_ssl_config_file", absl::GetFlag(FLAGS_rest_api_ssl_config_file), &problems, warnings);
  CheckTlsFile("--management_ssl_config_file", absl::GetFlag(FLAGS_management_ssl_config_file), &problems, warnings);
  problems.Add(ModelRoots::Parse(absl::GetFlag(FLAGS_model_roots)).status());
  const std::string tokens = absl::GetFlag(FLAGS_auth_token_file);
  if (!tokens.empty()) problems.Add(BearerTokens::Load(tokens).status());
  const std::string monitoring = absl::GetFlag(FLAGS_monitoring_config_file);
  if (!monitoring.empty()) problems.Add(ReadMonitoringConfigFile(monitoring).status());

  const std::string access_log = absl::GetFlag(FLAGS_access_log);
  if (!access_log.empty() && access_log != "-") CheckWritable("--access_log", access_log, &problems);
  const std::string socket = absl::GetFlag(FLAGS_grpc_socket_path);
  if (!socket.empty()) CheckWritable("--grpc_socket_path", socket, &problems);
  const std::string state = absl::GetFlag(FLAGS_config_state_file);
  if (!state.empty()) {
    CheckWritable("--config_state_file", state, &problems);
    const auto saved = ReadSavedConfiguration(state);
    problems.Add(saved.status());
    if (saved.ok() && *saved) {
      for (const std::string& problem : ModelConfigProblems((*saved)->config)) {
        problems.Add(absl::StrCat("--config_state_file: ", problem));
      }
      AddNames((*saved)->config, &models);
      // As a start would.
      if ((*saved)->given == DigestOf(first)) first = (*saved)->config;
    }
  }
  const auto settings = ModelSettingsOf(first);
  if (warnings != nullptr && settings.ok()) {
    for (std::string& warning : ModelFolderWarnings(*settings)) warnings->push_back(std::move(warning));
  }
  CheckContractFiles(models, &problems, warnings);
  return problems.AsStatus();
}

}  // namespace trilho

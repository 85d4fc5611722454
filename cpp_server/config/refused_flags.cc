#include "cpp_server/config/refused_flags.h"

#include <algorithm>
#include <initializer_list>
#include <memory>
#include <thread>

#include "absl/flags/flag.h"
#include "absl/flags/reflection.h"
#include "absl/strings/str_cat.h"

ABSL_FLAG(bool, prefer_tflite_model, false, "TensorFlow Lite models.");
ABSL_FLAG(bool, use_tflite_model, false, "TensorFlow Lite models.");
// The default is the number of CPUs, as TF Serving has it.
ABSL_FLAG(int, num_tflite_pools, static_cast<int>(std::max(1U, std::thread::hardware_concurrency())),
          "TensorFlow Lite models.");
ABSL_FLAG(int, num_tflite_interpreters_per_pool, 1, "TensorFlow Lite models.");
ABSL_FLAG(bool, use_alts_credentials, false, "ALTS on gRPC's port.");
ABSL_FLAG(bool, skip_initialize_tpu, false, "TPUs.");
ABSL_FLAG(bool, xla_cpu_compilation_enabled, false, "XLA on CPUs.");
ABSL_FLAG(bool, xla_gpu_compilation_enabled, false, "XLA on GPUs.");
ABSL_FLAG(std::string, thread_pool_factory_config_file, "", "Thread pools that are linked in.");
ABSL_FLAG(std::string, platform_config_file, "", "Platforms that are linked in.");
ABSL_FLAG(float, per_process_gpu_memory_fraction, 0, "GPUs.");
ABSL_FLAG(std::string, mixed_precision, "", "bfloat16 by a rewrite of the graph.");

namespace trilho {
namespace {

constexpr char kNoTfLite[] = "TensorFlow Lite is not part of TensorFlow's C API";
constexpr char kUseSavedModel[] = "leave the flag out: the SavedModel of the same version is served";
constexpr char kNoXla[] = "the server leaves it to models whether XLA compiles them";
constexpr char kUseJitCompile[] = "leave the flag out and export functions with jit_compile=True";

}  // namespace

const std::vector<RefusedFlag>& RefusedFlags() {
  static const std::vector<RefusedFlag>& flags =
      *std::make_unique<const std::vector<RefusedFlag>>(
           std::initializer_list<RefusedFlag>{
               {"prefer_tflite_model", kNoTfLite, kUseSavedModel},
               {"use_tflite_model", kNoTfLite, kUseSavedModel},
               {"num_tflite_pools", kNoTfLite, kUseSavedModel},
               {"num_tflite_interpreters_per_pool", kNoTfLite, kUseSavedModel},
               {"use_alts_credentials", "ALTS exists between machines of Google's cloud only and is not built in",
                "use --ssl_config_file with client_verify"},
               {"skip_initialize_tpu", "no TPU is ever initialized", "leave the flag out"},
               {"xla_cpu_compilation_enabled", kNoXla, kUseJitCompile},
               {"xla_gpu_compilation_enabled", kNoXla, kUseJitCompile},
               {"thread_pool_factory_config_file", "it names code that is linked into the server, and there is none",
                "use --tensorflow_intra_op_parallelism and --tensorflow_inter_op_parallelism"},
               {"platform_config_file", "\"tensorflow\" is the only platform, and flags configure it",
                "use --tensorflow_session_config_file, --batching_parameters_file and --enable_model_warmup"},
               {"per_process_gpu_memory_fraction", "the server does not divide the memory of GPUs",
                "set gpu_options.per_process_gpu_memory_fraction in --tensorflow_session_config_file"},
               {"mixed_precision", "the server does not change the types that a model computes with",
                "set graph_options.rewrite_options.auto_mixed_precision_onednn_bfloat16 in "
                "--tensorflow_session_config_file"},
           })
           .release();
  return flags;
}

std::vector<std::string> RefusedFlagProblems() {
  std::vector<std::string> problems;
  for (const RefusedFlag& refused : RefusedFlags()) {
    const absl::CommandLineFlag* const flag = absl::FindCommandLineFlag(refused.name);
    const std::string value = flag->CurrentValue();
    if (value == flag->DefaultValue()) continue;
    problems.push_back(
        absl::StrCat("--", refused.name, "=", value, " is not available here: ", refused.why, "; ", refused.instead));
  }
  return problems;
}

}  // namespace trilho

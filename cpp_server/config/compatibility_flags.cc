#include "cpp_server/config/compatibility_flags.h"

#include <initializer_list>
#include <memory>

#include "absl/flags/flag.h"
#include "absl/flags/reflection.h"
#include "absl/strings/str_cat.h"

ABSL_FLAG(int, num_load_threads, 0, "Every model loads on a thread of its own.");
ABSL_FLAG(int, num_unload_threads, 0, "Every model unloads on a thread of its own.");
ABSL_FLAG(bool, flush_filesystem_caches, true, "Files are read by the operating system, whose cache is left alone.");
ABSL_FLAG(bool, remove_unused_fields_from_bundle_metagraph, true, "Only signatures of a MetaGraph are ever kept.");
ABSL_FLAG(bool, enable_grpc_healthcheck_service, false, "grpc.health.v1 is always there.");
ABSL_FLAG(bool, enable_profiler, true, "There is no profiler service: TensorFlow's C API does not offer it.");
ABSL_FLAG(bool, allow_version_labels_for_unavailable_models, false,
          "A label may always be set before its version is there.");

namespace trilho {

const std::vector<CompatibilityFlag>& CompatibilityFlags() {
  static const std::vector<CompatibilityFlag>& flags =
      *std::make_unique<const std::vector<CompatibilityFlag>>(
           std::initializer_list<CompatibilityFlag>{
               {"num_load_threads", "0", "every model loads on a thread of its own"},
               {"num_unload_threads", "0", "every model unloads on a thread of its own"},
               {"flush_filesystem_caches", "true", "files are read by the operating system, whose cache is left alone"},
               {"remove_unused_fields_from_bundle_metagraph", "true", "only signatures of a MetaGraph are ever kept"},
               {"enable_grpc_healthcheck_service", "true", "grpc.health.v1 is always there"},
               {"enable_profiler", "false", "there is no profiler service, TensorFlow's C API does not offer it"},
               {"allow_version_labels_for_unavailable_models", "true",
                "a label may always be set before its version is there"},
           })
           .release();
  return flags;
}

std::vector<std::string> CompatibilityNotes(const std::set<std::string>& given) {
  std::vector<std::string> notes;
  for (const CompatibilityFlag& flag : CompatibilityFlags()) {
    const std::string value = absl::FindCommandLineFlag(flag.name)->CurrentValue();
    if (given.count(flag.name) == 0 || value == flag.as_it_is) continue;
    notes.push_back(absl::StrCat("--", flag.name, "=", value, " has no effect: ", flag.why));
  }
  return notes;
}

}  // namespace trilho

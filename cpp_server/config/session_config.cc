#include "cpp_server/config/session_config.h"

#include <cstdint>
#include <string>

#include "absl/flags/flag.h"
#include "absl/status/status.h"
#include "cpp_server/config/flags.h"
#include "cpp_server/config/text_proto.h"

namespace trilho {

absl::StatusOr<tensorflow::ConfigProto> SessionConfigFromFlags() {
  tensorflow::ConfigProto config;
  const std::string file = absl::GetFlag(FLAGS_tensorflow_session_config_file);
  if (!file.empty()) {
    const absl::Status read = ReadTextProtoFile("--tensorflow_session_config_file", file, &config);
    if (!read.ok()) return read;
  }
  const int64_t both = absl::GetFlag(FLAGS_tensorflow_session_parallelism);
  if (both > 0) {
    config.set_intra_op_parallelism_threads(static_cast<int>(both));
    config.set_inter_op_parallelism_threads(static_cast<int>(both));
  }
  const int64_t intra = absl::GetFlag(FLAGS_tensorflow_intra_op_parallelism);
  const bool is_meant = intra > 0 && FlagWasGiven("tensorflow_intra_op_parallelism");
  if (is_meant || config.intra_op_parallelism_threads() == 0) {
    config.set_intra_op_parallelism_threads(static_cast<int>(intra));
  }
  const int64_t inter = absl::GetFlag(FLAGS_tensorflow_inter_op_parallelism);
  if (inter > 0) config.set_inter_op_parallelism_threads(static_cast<int>(inter));
  return config;
}

}  // namespace trilho

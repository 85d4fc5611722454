#include <cstdint>
#include <string>

#include "absl/flags/flag.h"
#include "cpp_server/config/flags.h"

ABSL_FLAG(std::string, monitoring_config_file, "",
          "Text proto tensorflow.serving.MonitoringConfig that says where metrics are, besides /metrics.");
ABSL_FLAG(
    std::string, access_log, "",
    "File that gets a line of JSON for every inference; \"-\": standard error; empty: none. Opened anew on SIGHUP.");
ABSL_FLAG(double, access_log_sampling, 1, "Share of the inferences that succeed which the access log has, 0 to 1.");
ABSL_FLAG(int64_t, request_log_max_file_bytes, int64_t{64} << 20,
          "A file of logged requests (logging_config of a model) is closed before it grows beyond this.");
ABSL_FLAG(double, request_log_max_file_seconds, 3600,
          "A file of logged requests is closed, and can be read, when it has been open for so long; 0: however long.");
ABSL_FLAG(int64_t, request_log_max_total_bytes, int64_t{1} << 30,
          "Of the files of one model's logged requests together; the oldest are deleted.");

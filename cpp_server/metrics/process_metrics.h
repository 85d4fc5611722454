// What the operating system knows of this process.

#ifndef TRILHO_CPP_SERVER_METRICS_PROCESS_METRICS_H_
#define TRILHO_CPP_SERVER_METRICS_PROCESS_METRICS_H_

#include "cpp_server/metrics/registry.h"

namespace trilho {

// Adds the metrics that every Prometheus client library has, under their names: process_cpu_seconds_total,
// process_open_fds, process_max_fds, process_resident_memory_bytes, process_virtual_memory_bytes and
// process_start_time_seconds, read from /proc at scrape time; what cannot be read is left out.
void AddProcessMetrics(MetricRegistry* registry);

}  // namespace trilho

#endif  // TRILHO_CPP_SERVER_METRICS_PROCESS_METRICS_H_

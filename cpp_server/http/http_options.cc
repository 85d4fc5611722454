#include "cpp_server/http/http_options.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"

namespace trilho {
namespace {

constexpr uint32_t kMostHeaderBytes = 64 << 10;

}  // namespace

absl::Status CheckHttpOptions(const HttpOptions& options) {
  const auto at_least = [](absl::string_view name, int64_t value, int64_t least) {
    if (value >= least) return absl::OkStatus();
    return absl::InvalidArgumentError(absl::StrCat("HTTP: ", name, " is ", value, ", must be at least ", least));
  };
  absl::Status status = at_least("data_threads", options.data_threads, 1);
  status.Update(at_least("max_queued_data_calls", options.max_queued_data_calls, 0));
  status.Update(at_least("max_body_bytes", options.max_body_bytes, 0));
  status.Update(at_least("max_header_bytes", options.max_header_bytes, 1));
  status.Update(at_least("max_connections", options.max_connections, 1));
  status.Update(at_least("idle_timeout", options.idle_timeout.count(), 1));
  status.Update(at_least("header_timeout", options.header_timeout.count(), 1));
  status.Update(at_least("progress_timeout", options.progress_timeout.count(), 1));
  status.Update(at_least("min_bytes_per_second", options.min_bytes_per_second, 0));
  status.Update(at_least("stalled_reader_patience", options.stalled_reader_patience.count(), 1));
  status.Update(at_least("request_timeout", options.request_timeout.count(), 0));
  status.Update(at_least("half_close_window", options.half_close_window.count(), 0));
  if (!status.ok()) return status;
  if (options.max_header_bytes > kMostHeaderBytes) {
    return absl::InvalidArgumentError(
        absl::StrCat("HTTP: max_header_bytes is ", options.max_header_bytes, ", must be at most ", kMostHeaderBytes));
  }
  if (options.port < 0 || options.port > UINT16_MAX) {
    return absl::InvalidArgumentError(absl::StrCat("HTTP: port is ", options.port, ", must be within 0 and 65535"));
  }
  return absl::OkStatus();
}

}  // namespace trilho

#include "cpp_server/metrics/process_metrics.h"

#include <sys/resource.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <system_error>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_split.h"
#include "absl/types/optional.h"

namespace trilho {
namespace {

std::string ReadFile(const char* path) {
  std::ifstream file(path);
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

// Field `number` of /proc/self/stat, counted from 1 as in proc(5).
absl::optional<double> StatField(size_t number) {
  const std::string stat = ReadFile("/proc/self/stat");
  // The second field is the program's name in parentheses, with whatever it contains.
  const size_t name_end = stat.rfind(')');
  if (name_end == std::string::npos) return absl::nullopt;
  const std::vector<std::string> fields = absl::StrSplit(stat.substr(name_end + 1), ' ', absl::SkipEmpty());
  constexpr size_t kFirst = 3;
  double value = 0;
  if (fields.size() <= number - kFirst || !absl::SimpleAtod(fields[number - kFirst], &value)) return absl::nullopt;
  return value;
}

double TicksPerSecond() { return static_cast<double>(sysconf(_SC_CLK_TCK)); }

absl::optional<double> CpuSeconds() {
  const auto user = StatField(14), system = StatField(15);
  if (!user || !system) return absl::nullopt;
  return (*user + *system) / TicksPerSecond();
}

absl::optional<double> VirtualBytes() { return StatField(23); }

absl::optional<double> ResidentBytes() {
  const auto pages = StatField(24);
  if (!pages) return absl::nullopt;
  return *pages * static_cast<double>(sysconf(_SC_PAGESIZE));
}

absl::optional<double> StartTimeSeconds() {
  const auto ticks_after_boot = StatField(22);
  const std::string stat = ReadFile("/proc/stat");
  for (absl::string_view line : absl::StrSplit(stat, '\n')) {
    const std::vector<absl::string_view> words = absl::StrSplit(line, ' ', absl::SkipEmpty());
    double boot = 0;
    if (words.size() != 2 || words[0] != "btime" || !absl::SimpleAtod(words[1], &boot)) continue;
    if (ticks_after_boot) return boot + *ticks_after_boot / TicksPerSecond();
  }
  return absl::nullopt;
}

absl::optional<double> OpenFds() {
  std::error_code error;
  std::filesystem::directory_iterator entry("/proc/self/fd", error);
  double count = 0;
  for (; !error && entry != std::filesystem::directory_iterator(); entry.increment(error)) ++count;
  if (error) return absl::nullopt;
  // Without the one that the folder itself is read through.
  return count - 1;
}

absl::optional<double> MaxFds() {
  rlimit limit;
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return absl::nullopt;
  return static_cast<double>(limit.rlim_cur);
}

}  // namespace

void AddProcessMetrics(MetricRegistry* registry) {
  const auto add = [registry](const char* name, const char* help, MetricType type, absl::optional<double> (*read)()) {
    registry->AddCallback({name, help, {}}, type, [read] {
      const absl::optional<double> value = read();
      return value ? std::vector<MetricSample>{{{}, *value}} : std::vector<MetricSample>{};
    });
  };
  add("process_cpu_seconds_total", "Total user and system CPU time spent in seconds.", MetricType::kCounter,
      CpuSeconds);
  add("process_open_fds", "Number of open file descriptors.", MetricType::kGauge, OpenFds);
  add("process_max_fds", "Maximum number of open file descriptors.", MetricType::kGauge, MaxFds);
  add("process_resident_memory_bytes", "Resident memory size in bytes.", MetricType::kGauge, ResidentBytes);
  add("process_virtual_memory_bytes", "Virtual memory size in bytes.", MetricType::kGauge, VirtualBytes);
  add("process_start_time_seconds", "Start time of the process since unix epoch in seconds.", MetricType::kGauge,
      StartTimeSeconds);
}

}  // namespace trilho

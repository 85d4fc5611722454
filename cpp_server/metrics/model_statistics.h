// How models did lately, for people.

#ifndef TRILHO_CPP_SERVER_METRICS_MODEL_STATISTICS_H_
#define TRILHO_CPP_SERVER_METRICS_MODEL_STATISTICS_H_

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/types/optional.h"
#include "cpp_server/inference/inference_record.h"
#include "cpp_server/metrics/labelled_series.h"

namespace trilho {

struct LatencyStatistics {
  uint64_t count = 0;
  // Of them, those that did not end with OK.
  uint64_t errors = 0;
  // Approximations, of all that are counted; 0 if there are none.
  std::chrono::microseconds p50{0};
  std::chrono::microseconds p99{0};
};

struct RecentStatistics {
  std::string model;
  // The number, or "other" for versions beyond the bound of LabelledSeries.
  std::string version;
  LatencyStatistics window;
  // The window's steps, oldest first; the last one is not over.
  std::vector<LatencyStatistics> steps;
};

// What one version was asked since the server started.
struct TotalStatistics {
  // Inferences that ended with OK, and those that did not.
  uint64_t succeeded = 0;
  uint64_t failed = 0;
  std::chrono::nanoseconds succeeded_time{0};
  std::chrono::nanoseconds failed_time{0};
  // Of those that ended with OK: their waits, their runs and their examples.
  std::chrono::nanoseconds queued{0};
  std::chrono::nanoseconds run{0};
  uint64_t examples = 0;
  // When the last one ended; absent if there was none.
  absl::optional<std::chrono::steady_clock::time_point> last;
};

// Keeps a rolling window of five minutes in steps of five seconds for each version that was asked. Requests that found
// no model are not counted.
//
// Thread-safe. An inference adds to a histogram that only grows; the first one in a new step also keeps a copy of it as
// it was until then (under a lock that nobody else wants at that moment), and the window is the difference between now
// and the copy from five minutes ago. There is no thread that turns pages, and a model that nobody asks costs nothing.
class ModelStatistics final : public InferenceObserver {
 public:
  using Clock = std::chrono::steady_clock;

  static constexpr std::chrono::seconds kStep{5};
  static constexpr int kSteps = 60;

  ModelStatistics();
  ~ModelStatistics() override;

  void OnEnd(const InferenceRecord& record) override;

  // Of all versions that were asked in the window that ends now, by model and version.
  std::vector<RecentStatistics> Recent(Clock::time_point now = Clock::now()) const;

  // All zeros for a version that was not asked, or is beyond the bound of LabelledSeries.
  TotalStatistics Total(absl::string_view model, int64_t version) const;

 private:
  class Window;

  // A window that is in use takes some 40 kB.
  static constexpr size_t kMaxVersions = 400;

  LabelledSeries<Window> windows_;
};

}  // namespace trilho

#endif  // TRILHO_CPP_SERVER_METRICS_MODEL_STATISTICS_H_

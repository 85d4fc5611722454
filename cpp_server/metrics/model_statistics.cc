#include "cpp_server/metrics/model_statistics.h"

#include <atomic>
#include <deque>
#include <memory>
#include <utility>

#include "absl/strings/str_cat.h"
#include "cpp_server/core/mutex.h"
#include "cpp_server/metrics/counter.h"
#include "cpp_server/metrics/histogram.h"

namespace trilho {
namespace {

// In microseconds, 10 us to 75 s: an approximation is off by a quarter at most.
const HistogramBounds& LatencyBounds() {
  static const auto* const kBounds = new HistogramBounds(ExponentialBounds(10, 1.25, 72));
  return *kBounds;
}

// All that there ever was, until some moment.
struct Totals {
  uint64_t errors = 0;
  std::vector<uint64_t> counts;
};

LatencyStatistics Difference(const Totals& from, const Totals& to) {
  std::vector<uint64_t> counts(to.counts.size());
  LatencyStatistics difference;
  for (size_t i = 0; i < counts.size(); ++i) {
    counts[i] = to.counts[i] - from.counts[i];
    difference.count += counts[i];
  }
  difference.errors = to.errors - from.errors;
  const auto quantile = [&counts](double q) {
    return std::chrono::microseconds(static_cast<int64_t>(Quantile(*LatencyBounds(), counts, q)));
  };
  difference.p50 = quantile(0.5);
  difference.p99 = quantile(0.99);
  return difference;
}

int64_t StepOf(ModelStatistics::Clock::time_point time) { return time.time_since_epoch() / ModelStatistics::kStep; }

}  // namespace

class ModelStatistics::Window {
 public:
  Window() : latencies_(LatencyBounds()) {}

  void Add(int64_t step, double micros, bool failed) EXCLUDES(mu_) {
    if (step > step_.load(std::memory_order_relaxed)) BeginStep(step);
    latencies_.Observe(micros);
    if (failed) errors_.Increment();
  }

  void Read(int64_t now, RecentStatistics* recent) const EXCLUDES(mu_) {
    MutexLock lock(&mu_);
    const Totals current = Current();
    // The totals when a step began are those that the first copy since then holds: nothing was added in between.
    const auto totals_at = [&](int64_t step) REQUIRES(mu_) -> const Totals& {
      for (const Copy& copy : copies_) {
        if (copy.step >= step) return copy.totals;
      }
      return current;
    };
    const int64_t oldest = now - kSteps + 1;
    recent->window = Difference(totals_at(oldest), current);
    for (int64_t step = oldest; step <= now; ++step) {
      recent->steps.push_back(Difference(totals_at(step), step == now ? current : totals_at(step + 1)));
    }
  }

 private:
  // The totals when `step` began.
  struct Copy {
    int64_t step = 0;
    Totals totals;
  };

  void BeginStep(int64_t step) EXCLUDES(mu_) {
    MutexLock lock(&mu_);
    if (step <= step_.load(std::memory_order_relaxed)) return;
    while (!copies_.empty() && copies_.front().step <= step - kSteps) copies_.pop_front();
    copies_.push_back({step, Current()});
    step_.store(step, std::memory_order_relaxed);
  }

  Totals Current() const REQUIRES(mu_) {
    // Errors first, since they are added last: no page shows more errors than inferences.
    Totals totals;
    totals.errors = errors_.Value();
    totals.counts = latencies_.Snapshot().counts;
    return totals;
  }

  Counter errors_;
  Histogram latencies_;
  // Of the newest copy.
  std::atomic<int64_t> step_{-1};
  mutable Mutex mu_;
  std::deque<Copy> copies_ GUARDED_BY(mu_);
};

constexpr std::chrono::seconds ModelStatistics::kStep;

ModelStatistics::ModelStatistics()
    : windows_(
          2, [](const std::vector<std::string>&) { return std::make_unique<Window>(); }, kMaxVersions,
          // The version.
          /*first_given_up=*/1) {}

ModelStatistics::~ModelStatistics() = default;

void ModelStatistics::OnEnd(const InferenceRecord& record) {
  if (!record.version) return;
  windows_.With({record.model, absl::AlphaNum(*record.version).Piece()})
      ->Add(StepOf(record.begin + record.duration), std::chrono::duration<double, std::micro>(record.duration).count(),
            !record.status.ok());
}

std::vector<RecentStatistics> ModelStatistics::Recent(Clock::time_point now) const {
  std::vector<RecentStatistics> all;
  for (const auto* series : windows_.Sorted()) {
    RecentStatistics recent;
    recent.model = series->values[0];
    recent.version = series->values[1];
    series->value->Read(StepOf(now), &recent);
    if (recent.window.count > 0) all.push_back(std::move(recent));
  }
  return all;
}

}  // namespace trilho

#include "cpp_server/metrics/model_statistics.h"

#include <array>
#include <atomic>
#include <deque>
#include <limits>
#include <memory>
#include <utility>

#include "absl/strings/str_cat.h"
#include "cpp_server/core/mutex.h"
#include "cpp_server/metrics/counter.h"
#include "cpp_server/metrics/histogram.h"
#include "cpp_server/metrics/shard.h"

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

// Adds inferences up. Thread-safe and lock-free: one cache line for each shard of the threads.
class Sums {
 public:
  void Add(const InferenceRecord& record) {
    auto& cells = lines_[ThisThreadShard()].cells;
    const auto add = [&cells](Cell cell, int64_t value) {
      cells[cell].fetch_add(static_cast<uint64_t>(value), std::memory_order_relaxed);
    };
    const int64_t duration = std::chrono::nanoseconds(record.duration).count();
    if (!record.status.ok()) {
      add(kFailed, 1);
      return add(kFailedTime, duration);
    }
    add(kSucceeded, 1);
    add(kSucceededTime, duration);
    add(kQueued, record.times.queued);
    add(kRun, record.times.run);
    add(kExamples, record.examples);
  }

  TotalStatistics Read() const {
    TotalStatistics total;
    total.succeeded = Sum(kSucceeded);
    total.failed = Sum(kFailed);
    total.succeeded_time = std::chrono::nanoseconds(Sum(kSucceededTime));
    total.failed_time = std::chrono::nanoseconds(Sum(kFailedTime));
    total.queued = std::chrono::microseconds(Sum(kQueued));
    total.run = std::chrono::microseconds(Sum(kRun));
    total.examples = Sum(kExamples);
    return total;
  }

 private:
  // Times of a run are in microseconds, as RunTimes has them.
  enum Cell : size_t { kSucceeded, kSucceededTime, kFailed, kFailedTime, kQueued, kRun, kExamples, kCells };
  static_assert(kCells <= kCellsPerLine, "a shard is one cache line");

  uint64_t Sum(Cell cell) const {
    uint64_t sum = 0;
    for (const CacheLine& line : lines_) sum += line.cells[cell].load(std::memory_order_relaxed);
    return sum;
  }

  std::array<CacheLine, kMetricShards> lines_;
};

int64_t StepOf(ModelStatistics::Clock::time_point time) { return time.time_since_epoch() / ModelStatistics::kStep; }

}  // namespace

class ModelStatistics::Window {
 public:
  Window() : latencies_(LatencyBounds()) {}

  void Add(const InferenceRecord& record) EXCLUDES(mu_) {
    const Clock::time_point end = record.begin + record.duration;
    const int64_t step = StepOf(end);
    if (step > step_.load(std::memory_order_relaxed)) BeginStep(step);
    latencies_.Observe(std::chrono::duration<double, std::micro>(record.duration).count());
    if (!record.status.ok()) errors_.Increment();
    sums_.Add(record);
    last_.store(end.time_since_epoch().count(), std::memory_order_relaxed);
  }

  TotalStatistics Total() const {
    TotalStatistics total = sums_.Read();
    const Clock::rep last = last_.load(std::memory_order_relaxed);
    if (last != kNever) total.last = Clock::time_point(Clock::duration(last));
    return total;
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

  static constexpr Clock::rep kNever = std::numeric_limits<Clock::rep>::min();

  Counter errors_;
  Sums sums_;
  std::atomic<Clock::rep> last_{kNever};
  // Of the newest copy.
  std::atomic<int64_t> step_{-1};
  mutable Mutex mu_;
  Histogram latencies_;
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
  windows_.With({record.model, absl::AlphaNum(*record.version).Piece()})->Add(record);
}

TotalStatistics ModelStatistics::Total(absl::string_view model, int64_t version) const {
  const Window* const window = windows_.Find({model, absl::AlphaNum(version).Piece()});
  return window == nullptr ? TotalStatistics() : window->Total();
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

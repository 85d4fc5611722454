#include "cpp_server/metrics/histogram.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <utility>

#include "absl/base/casts.h"

namespace trilho {

HistogramBounds ExponentialBounds(double first, double factor, int count) {
  std::vector<double> bounds;
  for (double bound = first; count > 0; --count, bound *= factor) bounds.push_back(bound);
  return std::make_shared<const std::vector<double>>(std::move(bounds));
}

uint64_t HistogramSnapshot::Count() const { return std::accumulate(counts.begin(), counts.end(), uint64_t{0}); }

double Quantile(const std::vector<double>& bounds, const std::vector<uint64_t>& counts, double q) {
  const uint64_t count = std::accumulate(counts.begin(), counts.end(), uint64_t{0});
  if (count == 0 || bounds.empty()) return 0;
  const double rank = q * static_cast<double>(count);
  double below = 0;
  for (size_t i = 0; i < bounds.size(); ++i) {
    const auto in_bucket = static_cast<double>(counts[i]);
    if (in_bucket > 0 && below + in_bucket >= rank) {
      const double lower = i == 0 ? std::min(0.0, bounds[0]) : bounds[i - 1];
      return lower + (bounds[i] - lower) * (rank - below) / in_bucket;
    }
    below += in_bucket;
  }
  return bounds.back();
}

Histogram::Histogram(HistogramBounds bounds)
    : bounds_(std::move(bounds)),
      // A bucket above the last bound, and the cells in whole lines.
      lines_per_shard_((kFirstBucketCell + bounds_->size() + 1 + kCellsPerLine - 1) / kCellsPerLine),
      lines_(kMetricShards * lines_per_shard_) {}

void Histogram::Observe(double value) {
  if (std::isnan(value)) return;
  const size_t shard = ThisThreadShard();
  const auto bucket = static_cast<size_t>(std::lower_bound(bounds_->begin(), bounds_->end(), value) - bounds_->begin());
  Cell(shard, kFirstBucketCell + bucket).fetch_add(1, std::memory_order_relaxed);
  std::atomic<uint64_t>& sum = Cell(shard, kSumCell);
  uint64_t bits = sum.load(std::memory_order_relaxed);
  while (!sum.compare_exchange_weak(bits, absl::bit_cast<uint64_t>(absl::bit_cast<double>(bits) + value),
                                    std::memory_order_relaxed)) {
  }
}

HistogramSnapshot Histogram::Snapshot() const {
  HistogramSnapshot snapshot;
  snapshot.counts.resize(bounds_->size() + 1);
  for (size_t shard = 0; shard < kMetricShards; ++shard) {
    snapshot.sum += absl::bit_cast<double>(Cell(shard, kSumCell).load(std::memory_order_relaxed));
    for (size_t i = 0; i < snapshot.counts.size(); ++i) {
      snapshot.counts[i] += Cell(shard, kFirstBucketCell + i).load(std::memory_order_relaxed);
    }
  }
  return snapshot;
}

}  // namespace trilho

// How values are distributed.

#ifndef TRILHO_CPP_SERVER_METRICS_HISTOGRAM_H_
#define TRILHO_CPP_SERVER_METRICS_HISTOGRAM_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "cpp_server/metrics/shard.h"

namespace trilho {

// The upper bounds of buckets, inclusive, strictly ascending, finite; the bucket above the last is implied. Shared by
// all histograms of a family.
using HistogramBounds = std::shared_ptr<const std::vector<double>>;

// first, first * factor, first * factor * factor, ...: `count` bounds, multiplied up as TensorFlow's
// monitoring::Buckets::Exponential does, so that they print alike.
HistogramBounds ExponentialBounds(double first, double factor, int count);

struct HistogramSnapshot {
  // Not cumulative; one more than there are bounds.
  std::vector<uint64_t> counts;
  double sum = 0;

  uint64_t Count() const;
};

// The value below which the share `q`, in [0, 1], of `counts` lies, as if values were spread evenly in each bucket; the
// last bound for what is above it; 0 if there are none.
double Quantile(const std::vector<double>& bounds, const std::vector<uint64_t>& counts, double q);

// Thread-safe and lock-free: an observation is one relaxed addition to a bucket and one to the sum, both in lines of
// the thread's shard.
class Histogram {
 public:
  explicit Histogram(HistogramBounds bounds);
  Histogram(const Histogram&) = delete;
  Histogram& operator=(const Histogram&) = delete;

  // NaN is ignored: it has no bucket and would spoil the sum for good.
  void Observe(double value);

  // A Snapshot that runs beside observations has or has not seen each of them, and may have seen one in `counts` that
  // is not yet in `sum`. Counts of later snapshots of one thread are never smaller.
  HistogramSnapshot Snapshot() const;

  const std::vector<double>& bounds() const { return *bounds_; }

 private:
  // The bits of a double that is the sum, then the buckets.
  static constexpr size_t kSumCell = 0, kFirstBucketCell = 1;

  const std::atomic<uint64_t>& Cell(size_t shard, size_t cell) const {
    return lines_[shard * lines_per_shard_ + cell / kCellsPerLine].cells[cell % kCellsPerLine];
  }
  std::atomic<uint64_t>& Cell(size_t shard, size_t cell) {
    return lines_[shard * lines_per_shard_ + cell / kCellsPerLine].cells[cell % kCellsPerLine];
  }

  const HistogramBounds bounds_;
  const size_t lines_per_shard_;
  std::vector<CacheLine> lines_;
};

}  // namespace trilho

#endif  // TRILHO_CPP_SERVER_METRICS_HISTOGRAM_H_

// How writers of one metric keep out of each other's way.

#ifndef TRILHO_CPP_SERVER_METRICS_SHARD_H_
#define TRILHO_CPP_SERVER_METRICS_SHARD_H_

#include <atomic>
#include <cstddef>
#include <cstdint>

namespace trilho {

// More shards mean less contention and more memory for every series; requests are handled by about as many threads as
// there are CPUs.
constexpr size_t kMetricShards = 4;
constexpr size_t kCacheLineBytes = 64;
constexpr size_t kCellsPerLine = kCacheLineBytes / sizeof(std::atomic<uint64_t>);

struct alignas(kCacheLineBytes) CacheLine {
  std::atomic<uint64_t> cells[kCellsPerLine] = {};
};

// Where the calling thread counts; the same for all its life.
inline size_t ThisThreadShard() {
  static std::atomic<size_t> next{0};
  thread_local const size_t shard = next.fetch_add(1, std::memory_order_relaxed) % kMetricShards;
  return shard;
}

}  // namespace trilho

#endif  // TRILHO_CPP_SERVER_METRICS_SHARD_H_

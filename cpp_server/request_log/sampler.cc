#include "cpp_server/request_log/sampler.h"

#include <cmath>
#include <limits>
#include <memory>
#include <random>

namespace trilho {
namespace {

constexpr uint64_t kAlways = std::numeric_limits<uint64_t>::max();

uint64_t ThresholdOf(double rate) {
  if (!(rate > 0)) return 0;
  return rate < 1 ? static_cast<uint64_t>(std::ldexp(rate, 64)) : kAlways;
}

uint64_t Seed() {
  std::random_device device;
  return uint64_t{device()} << 32 | device();
}

// SplitMix64: fast, and good enough to choose requests by.
uint64_t Random() {
  thread_local uint64_t state = Seed();
  uint64_t z = state += 0x9e3779b97f4a7c15;
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
  z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
  return z ^ (z >> 31);
}

}  // namespace

void Sampler::SetRates(const std::map<std::string, double>& rates) {
  for (const auto& [model, rate] : rates) {
    thresholds_.FindOrInsert(model, [] { return std::make_unique<Threshold>(0); })
        ->store(ThresholdOf(rate), std::memory_order_relaxed);
  }
  for (const auto& [model, threshold] : thresholds_.Entries()) {
    if (rates.count(model) == 0) threshold->store(0, std::memory_order_relaxed);
  }
}

bool Sampler::Sample(absl::string_view model) const {
  const Threshold* const entry = thresholds_.Find(model);
  const uint64_t threshold = entry == nullptr ? 0 : entry->load(std::memory_order_relaxed);
  return threshold != 0 && (threshold == kAlways || Random() < threshold);
}

}  // namespace trilho

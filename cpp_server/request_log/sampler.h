// Which requests are logged.

#ifndef TRILHO_CPP_SERVER_REQUEST_LOG_SAMPLER_H_
#define TRILHO_CPP_SERVER_REQUEST_LOG_SAMPLER_H_

#include <atomic>
#include <cstdint>
#include <map>
#include <string>

#include "absl/strings/string_view.h"
#include "cpp_server/core/grow_only_map.h"

namespace trilho {

// Thread-safe.
class Sampler {
 public:
  // Rates from 0 to 1 by model; that of any other is 0.
  void SetRates(const std::map<std::string, double>& rates);

  // True with the probability of the model's rate. Takes no lock and shares no memory that requests write to.
  bool Sample(absl::string_view model) const;

 private:
  // The rate as a part of 2^64.
  using Threshold = std::atomic<uint64_t>;
  GrowOnlyMap<Threshold> thresholds_;
};

}  // namespace trilho

#endif  // TRILHO_CPP_SERVER_REQUEST_LOG_SAMPLER_H_

// A map from names that many threads read at once, and few change.

#ifndef TRILHO_CPP_SERVER_CORE_STRIPED_MAP_H_
#define TRILHO_CPP_SERVER_CORE_STRIPED_MAP_H_

#include <algorithm>
#include <array>
#include <atomic>
#include <cstddef>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/string_view.h"
#include "cpp_server/core/mutex.h"

namespace trilho {

// Values of T by name. Every stripe has a copy of the whole map and a lock of its own, and a thread always reads the
// same stripe, so that two seldom share one: then readers share no cache line that anybody writes to and wait for
// nobody but a change. Threads beyond kStripes share, and then wait for what the other reads. A change goes through all
// stripes, so it is for what happens seldom.
//
// Thread-safe.
template <typename T>
class StripedMap {
 public:
  StripedMap() = default;
  StripedMap(const StripedMap&) = delete;
  StripedMap& operator=(const StripedMap&) = delete;

  // Calls `read` with the value of `name` and returns what it returns; a default value if there is none. The value
  // stays in the map meanwhile, so `read` must return soon and must not change this map.
  template <typename Read>
  auto With(absl::string_view name, Read read) const -> decltype(read(std::declval<T&>())) {
    Stripe& stripe = OwnStripe();
    MutexLock lock(&stripe.mu);
    const auto found = stripe.values.find(name);
    return found == stripe.values.end() ? decltype(read(std::declval<T&>()))() : read(*found->second);
  }

  // Null if there is none.
  std::shared_ptr<T> Find(absl::string_view name) const {
    Stripe& stripe = OwnStripe();
    MutexLock lock(&stripe.mu);
    const auto found = stripe.values.find(name);
    return found == stripe.values.end() ? nullptr : found->second;
  }

  // The value of `name`; `make` supplies it, as a std::shared_ptr<T>, if there is none. `make` must not use this map.
  template <typename Make>
  std::shared_ptr<T> FindOrInsert(absl::string_view name, Make make) EXCLUDES(change_mu_) {
    MutexLock change(&change_mu_);
    for (const Entry& entry : entries_) {
      if (entry.first == name) return entry.second;
    }
    entries_.emplace_back(std::string(name), make());
    for (Stripe& stripe : *stripes_) {
      MutexLock lock(&stripe.mu);
      stripe.values.emplace(entries_.back());
    }
    return entries_.back().second;
  }

  // Takes `name` out if it has this value; false if not. No reader finds it any more when this has returned.
  bool Erase(absl::string_view name, const T* value) EXCLUDES(change_mu_) {
    MutexLock change(&change_mu_);
    const auto entry = std::find_if(entries_.begin(), entries_.end(), [name, value](const Entry& e) {
      return e.first == name && e.second.get() == value;
    });
    if (entry == entries_.end()) return false;
    for (Stripe& stripe : *stripes_) {
      MutexLock lock(&stripe.mu);
      stripe.values.erase(stripe.values.find(name));
    }
    entries_.erase(entry);
    return true;
  }

  // All entries, in the order in which they came.
  std::vector<std::pair<std::string, std::shared_ptr<T>>> Entries() const EXCLUDES(change_mu_) {
    MutexLock change(&change_mu_);
    return entries_;
  }

 private:
  using Entry = std::pair<std::string, std::shared_ptr<T>>;
  static constexpr std::size_t kStripes = 64;

  struct alignas(64) Stripe {
    Mutex mu;
    std::map<std::string, std::shared_ptr<T>, std::less<>> values GUARDED_BY(mu);
  };

  Stripe& OwnStripe() const {
    static std::atomic<std::size_t> threads{0};
    thread_local const std::size_t thread = threads.fetch_add(1, std::memory_order_relaxed);
    return (*stripes_)[thread % kStripes];
  }

  mutable Mutex change_mu_;
  // What every stripe holds when no change is under way.
  std::vector<Entry> entries_ GUARDED_BY(change_mu_);
  // Apart, so that only they are aligned to cache lines.
  const std::unique_ptr<std::array<Stripe, kStripes>> stripes_ = std::make_unique<std::array<Stripe, kStripes>>();
};

}  // namespace trilho

#endif  // TRILHO_CPP_SERVER_CORE_STRIPED_MAP_H_

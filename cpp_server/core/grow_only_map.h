// A map from names that is read without a lock.

#ifndef TRILHO_CPP_SERVER_CORE_GROW_ONLY_MAP_H_
#define TRILHO_CPP_SERVER_CORE_GROW_ONLY_MAP_H_

#include <array>
#include <atomic>
#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/strings/string_view.h"
#include "cpp_server/core/mutex.h"

namespace trilho {

// Owns values of T by name. A value, once in, stays at its address until the map is destroyed, so Find() needs neither
// a lock nor a reference count: requests of different models share no cache line that anybody writes to. Meant for
// hundreds of names; the number of buckets is fixed.
//
// Thread-safe.
template <typename T>
class GrowOnlyMap {
 public:
  GrowOnlyMap() = default;
  GrowOnlyMap(const GrowOnlyMap&) = delete;
  GrowOnlyMap& operator=(const GrowOnlyMap&) = delete;

  // Null if there is none.
  T* Find(absl::string_view name) const {
    for (const Node* node = Bucket(name).load(std::memory_order_acquire); node != nullptr; node = node->next) {
      if (node->name == name) return node->value.get();
    }
    return nullptr;
  }

  // The value of `name`; `make` supplies it, as a std::unique_ptr<T>, if there is none. `make` must not use this map.
  template <typename Make>
  T* FindOrInsert(absl::string_view name, Make make) EXCLUDES(mu_) {
    if (T* value = Find(name)) return value;
    MutexLock lock(&mu_);
    if (T* value = Find(name)) return value;
    auto& bucket = Bucket(name);
    nodes_.push_back(std::make_unique<Node>(std::string(name), make(), bucket.load(std::memory_order_relaxed)));
    bucket.store(nodes_.back().get(), std::memory_order_release);
    return nodes_.back()->value.get();
  }

  // All entries, in the order in which they came.
  std::vector<std::pair<std::string, T*>> Entries() const EXCLUDES(mu_) {
    MutexLock lock(&mu_);
    std::vector<std::pair<std::string, T*>> entries;
    entries.reserve(nodes_.size());
    for (const auto& node : nodes_) entries.emplace_back(node->name, node->value.get());
    return entries;
  }

 private:
  struct Node {
    Node(std::string name_in, std::unique_ptr<T> value_in, const Node* next_in)
        : name(std::move(name_in)), value(std::move(value_in)), next(next_in) {}
    const std::string name;
    const std::unique_ptr<T> value;
    const Node* const next;
  };
  static constexpr std::size_t kBuckets = 1024;

  static std::size_t Index(absl::string_view name) {
    return std::hash<std::string_view>()(std::string_view(name.data(), name.size())) % kBuckets;
  }
  const std::atomic<const Node*>& Bucket(absl::string_view name) const { return buckets_[Index(name)]; }
  std::atomic<const Node*>& Bucket(absl::string_view name) { return buckets_[Index(name)]; }

  std::array<std::atomic<const Node*>, kBuckets> buckets_{};
  mutable Mutex mu_;
  std::vector<std::unique_ptr<Node>> nodes_ GUARDED_BY(mu_);
};

}  // namespace trilho

#endif  // TRILHO_CPP_SERVER_CORE_GROW_ONLY_MAP_H_

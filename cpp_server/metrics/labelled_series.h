// Values by the values of their labels, as many as a server can afford.

#ifndef TRILHO_CPP_SERVER_METRICS_LABELLED_SERIES_H_
#define TRILHO_CPP_SERVER_METRICS_LABELLED_SERIES_H_

#include <algorithm>
#include <array>
#include <atomic>
#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/container/inlined_vector.h"
#include "absl/strings/string_view.h"
#include "absl/types/optional.h"
#include "absl/types/span.h"
#include "cpp_server/core/grow_only_map.h"
#include "cpp_server/core/mutex.h"

namespace trilho {

// Who chose the label values: what a caller merely asked for must not use up the room of what is served.
enum class LabelOrigin { kServer, kRequest };

// What stands for the label values that there is no room for.
constexpr char kOtherLabel[] = "other";

constexpr size_t kMaxSeries = 1000;
constexpr size_t kMaxLabelBytes = 256;

// `value` as it may stand in a label: valid UTF-8 (a scraper refuses a whole page for one bad byte) of at most
// kMaxLabelBytes.
std::string LabelValue(absl::string_view value);

// One name for several label values. Different values have different keys.
class LabelKey {
 public:
  explicit LabelKey(absl::Span<const absl::string_view> values);
  absl::string_view view() const { return {bytes_.data(), bytes_.size()}; }

 private:
  absl::InlinedVector<char, 256> bytes_;
};

// Owns a T for each combination of label values, made when it is first asked for and kept, at its address, until the
// end.
//
// At most `max_series` combinations get one of their own, a quarter of them by request. Beyond that the first `open`
// values, which callers may choose, are all replaced by "other"; the others must come from a small set that the program
// knows. But first, in a further quarter of `max_series`, only the value at `first_given_up` is: a server that swaps
// versions for months must tell its models apart still.
//
// Thread-safe. With() takes no lock for what is there already: it composes a key on the stack, hashes it once and
// compares it once.
template <typename T>
class LabelledSeries {
 public:
  struct Series {
    std::vector<std::string> values;
    std::unique_ptr<T> value;
  };
  // Supplies the T for these values; must not use this object.
  using Make = std::function<std::unique_ptr<T>(const std::vector<std::string>& values)>;

  LabelledSeries(size_t open, Make make, size_t max_series = kMaxSeries,
                 absl::optional<size_t> first_given_up = absl::nullopt)
      : open_(open),
        first_given_up_(first_given_up),
        make_(std::move(make)),
        room_{max_series - max_series / 4, max_series / 4, max_series / 4} {}
  LabelledSeries(const LabelledSeries&) = delete;
  LabelledSeries& operator=(const LabelledSeries&) = delete;

  // Never null. Always as many values, in the same order.
  T* With(absl::Span<const absl::string_view> values, LabelOrigin origin = LabelOrigin::kServer) EXCLUDES(mu_) {
    if (const Series* series = map_.Find(LabelKey(values).view())) return series->value.get();
    return Insert(values, origin);
  }

  // Null if there is none with these values.
  const T* Find(absl::Span<const absl::string_view> values) const {
    const Series* const series = map_.Find(LabelKey(values).view());
    return series == nullptr ? nullptr : series->value.get();
  }

  // In the order of their values.
  std::vector<const Series*> Sorted() const {
    std::vector<const Series*> sorted;
    for (const auto& entry : map_.Entries()) sorted.push_back(entry.second);
    std::sort(sorted.begin(), sorted.end(), [](const Series* a, const Series* b) { return a->values < b->values; });
    return sorted;
  }

 private:
  T* Insert(absl::Span<const absl::string_view> asked, LabelOrigin origin) EXCLUDES(mu_) {
    std::vector<std::string> values;
    for (absl::string_view value : asked) values.push_back(LabelValue(value));
    if (T* const found = FindOrAdd(values, &room_[static_cast<size_t>(origin)])) return found;
    if (origin == LabelOrigin::kServer && first_given_up_) {
      values[*first_given_up_] = kOtherLabel;
      if (T* const found = FindOrAdd(values, &room_.back())) return found;
    }
    for (size_t i = 0; i < open_; ++i) values[i] = kOtherLabel;
    return Add(KeyOf(values), values);
  }

  // Null if it is not there, and there is no room for it.
  T* FindOrAdd(const std::vector<std::string>& values, std::atomic<size_t>* room) EXCLUDES(mu_) {
    const LabelKey key = KeyOf(values);
    if (const Series* series = map_.Find(key.view())) return series->value.get();
    // Once there is none, nobody waits for a lock to learn it.
    if (room->load(std::memory_order_relaxed) == 0) return nullptr;
    MutexLock lock(&mu_);
    if (const Series* series = map_.Find(key.view())) return series->value.get();
    if (room->load(std::memory_order_relaxed) == 0) return nullptr;
    room->fetch_sub(1, std::memory_order_relaxed);
    return Add(key, values);
  }

  T* Add(const LabelKey& key, const std::vector<std::string>& values) {
    return map_.FindOrInsert(key.view(),
                             [&] {
                               return std::make_unique<Series>(Series{values, make_(values)});
                             })
        ->value.get();
  }

  static LabelKey KeyOf(const std::vector<std::string>& values) {
    const absl::InlinedVector<absl::string_view, 8> views(values.begin(), values.end());
    return LabelKey(views);
  }

  const size_t open_;
  const absl::optional<size_t> first_given_up_;
  const Make make_;
  GrowOnlyMap<Series> map_;
  Mutex mu_;
  // For series of their own, by LabelOrigin, and for those without one value; changed under mu_.
  std::array<std::atomic<size_t>, 3> room_;
};

}  // namespace trilho

#endif  // TRILHO_CPP_SERVER_METRICS_LABELLED_SERIES_H_

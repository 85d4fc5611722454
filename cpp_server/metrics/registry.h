// All metrics of a server.

#ifndef TRILHO_CPP_SERVER_METRICS_REGISTRY_H_
#define TRILHO_CPP_SERVER_METRICS_REGISTRY_H_

#include <functional>
#include <initializer_list>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "cpp_server/core/mutex.h"
#include "cpp_server/metrics/counter.h"
#include "cpp_server/metrics/exposition.h"
#include "cpp_server/metrics/gauge.h"
#include "cpp_server/metrics/histogram.h"
#include "cpp_server/metrics/labelled_series.h"

namespace trilho {

// What has a name, a help and a type on the page.
class MetricFamilyBase {
 public:
  MetricFamilyBase() = default;
  MetricFamilyBase(const MetricFamilyBase&) = delete;
  MetricFamilyBase& operator=(const MetricFamilyBase&) = delete;
  virtual ~MetricFamilyBase() = default;
  // Writes nothing if there is no series.
  virtual void Write(ExpositionWriter* writer) const = 0;
};

// Metrics that differ in the values of their labels, see LabelledSeries for their number. T is Counter, Gauge or
// Histogram. Thread-safe.
template <typename T>
class MetricFamily final : public MetricFamilyBase {
 public:
  MetricFamily(MetricDescriptor descriptor, typename LabelledSeries<T>::Make make)
      : descriptor_(std::move(descriptor)),
        series_(descriptor_.open_labels, std::move(make), kMaxSeries, descriptor_.first_given_up) {}

  // As many values as there are labels. Never null; lives as long as the registry.
  T* With(std::initializer_list<absl::string_view> values, LabelOrigin origin = LabelOrigin::kServer) {
    return series_.With(absl::MakeConstSpan(values.begin(), values.size()), origin);
  }

  void Write(ExpositionWriter* writer) const override;

 private:
  const MetricDescriptor descriptor_;
  LabelledSeries<T> series_;
};

using CounterFamily = MetricFamily<Counter>;
using GaugeFamily = MetricFamily<Gauge>;
using HistogramFamily = MetricFamily<Histogram>;

struct MetricSample {
  std::vector<std::string> label_values;
  double value = 0;
};

// Reads values when they are asked for, on the scraping thread. Must not use the registry.
using MetricCallback = std::function<std::vector<MetricSample>()>;

// Owns the families. Thread-safe. A descriptor that is not valid, or whose name is taken, ends the process: it is an
// error of the program that every start shows.
class MetricRegistry {
 public:
  MetricRegistry() = default;
  MetricRegistry(const MetricRegistry&) = delete;
  MetricRegistry& operator=(const MetricRegistry&) = delete;

  CounterFamily* AddCounter(const MetricDescriptor& descriptor);
  GaugeFamily* AddGauge(const MetricDescriptor& descriptor);
  HistogramFamily* AddHistogram(const MetricDescriptor& descriptor, HistogramBounds bounds);
  // What `callback` uses outlives the registry. Of samples with the same label values the first counts.
  void AddCallback(const MetricDescriptor& descriptor, MetricType type, MetricCallback callback);

  // The page, families in the order of their names, series in that of their label values. Takes time in proportion to
  // the number of series, and keeps no observation waiting.
  std::string Scrape() const EXCLUDES(mu_);

 private:
  void Add(const MetricDescriptor& descriptor, std::unique_ptr<MetricFamilyBase> family) EXCLUDES(mu_);

  mutable Mutex mu_;
  std::map<std::string, std::unique_ptr<MetricFamilyBase>> families_ GUARDED_BY(mu_);
};

}  // namespace trilho

#endif  // TRILHO_CPP_SERVER_METRICS_REGISTRY_H_

#include "cpp_server/metrics/registry.h"

#include <algorithm>
#include <cstdlib>

#include "absl/strings/str_cat.h"
#include "cpp_server/logging/log.h"

namespace trilho {
namespace {

using LabelValues = std::vector<std::string>;

void WriteMetric(const LabelValues& labels, const Counter& counter, ExpositionWriter* writer) {
  writer->Value(labels, counter.Value());
}
void WriteMetric(const LabelValues& labels, const Gauge& gauge, ExpositionWriter* writer) {
  writer->Value(labels, gauge.Value());
}
void WriteMetric(const LabelValues& labels, const Histogram& histogram, ExpositionWriter* writer) {
  writer->Value(labels, histogram.bounds(), histogram.Snapshot());
}

template <typename T>
constexpr MetricType kTypeOf = MetricType::kCounter;
template <>
constexpr MetricType kTypeOf<Gauge> = MetricType::kGauge;
template <>
constexpr MetricType kTypeOf<Histogram> = MetricType::kHistogram;

class CallbackFamily final : public MetricFamilyBase {
 public:
  CallbackFamily(MetricDescriptor descriptor, MetricType type, MetricCallback callback)
      : descriptor_(std::move(descriptor)), type_(type), callback_(std::move(callback)) {}

  void Write(ExpositionWriter* writer) const override {
    std::map<LabelValues, double> samples;
    for (MetricSample& sample : callback_()) {
      for (std::string& value : sample.label_values) value = LabelValue(value);
      samples.emplace(std::move(sample.label_values), sample.value);
    }
    if (samples.empty()) return;
    writer->BeginFamily(descriptor_, type_);
    for (const auto& sample : samples) writer->Value(sample.first, sample.second);
  }

 private:
  const MetricDescriptor descriptor_;
  const MetricType type_;
  const MetricCallback callback_;
};

template <typename T>
auto MakeDefault() {
  return [](const LabelValues&) { return std::make_unique<T>(); };
}

}  // namespace

template <typename T>
void MetricFamily<T>::Write(ExpositionWriter* writer) const {
  const auto sorted = series_.Sorted();
  if (sorted.empty()) return;
  writer->BeginFamily(descriptor_, kTypeOf<T>);
  for (const auto* series : sorted) WriteMetric(series->values, *series->value, writer);
}

template class MetricFamily<Counter>;
template class MetricFamily<Gauge>;
template class MetricFamily<Histogram>;

CounterFamily* MetricRegistry::AddCounter(const MetricDescriptor& descriptor) {
  auto family = std::make_unique<CounterFamily>(descriptor, MakeDefault<Counter>());
  CounterFamily* const added = family.get();
  Add(descriptor, std::move(family));
  return added;
}

GaugeFamily* MetricRegistry::AddGauge(const MetricDescriptor& descriptor) {
  auto family = std::make_unique<GaugeFamily>(descriptor, MakeDefault<Gauge>());
  GaugeFamily* const added = family.get();
  Add(descriptor, std::move(family));
  return added;
}

HistogramFamily* MetricRegistry::AddHistogram(const MetricDescriptor& descriptor, HistogramBounds bounds) {
  auto family = std::make_unique<HistogramFamily>(
      descriptor, [bounds = std::move(bounds)](const LabelValues&) { return std::make_unique<Histogram>(bounds); });
  HistogramFamily* const added = family.get();
  Add(descriptor, std::move(family));
  return added;
}

void MetricRegistry::AddCallback(const MetricDescriptor& descriptor, MetricType type, MetricCallback callback) {
  auto family = std::make_unique<CallbackFamily>(descriptor, type, std::move(callback));
  Add(descriptor, std::move(family));
}

void MetricRegistry::Add(const MetricDescriptor& descriptor, std::unique_ptr<MetricFamilyBase> family) {
  MutexLock lock(&mu_);
  if (!IsValid(descriptor) || !families_.emplace(descriptor.name, std::move(family)).second) {
    Log(Severity::kError, absl::StrCat("metric \"", descriptor.name, "\": its name or a label is not valid, or taken"));
    std::abort();
  }
}

std::string MetricRegistry::Scrape() const {
  ExpositionWriter writer;
  MutexLock lock(&mu_);
  for (const auto& family : families_) family.second->Write(&writer);
  return std::move(writer).Release();
}

}  // namespace trilho

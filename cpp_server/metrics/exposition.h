// Prometheus's text format, version 0.0.4.

#ifndef TRILHO_CPP_SERVER_METRICS_EXPOSITION_H_
#define TRILHO_CPP_SERVER_METRICS_EXPOSITION_H_

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/types/optional.h"
#include "cpp_server/metrics/histogram.h"

namespace trilho {

constexpr char kExpositionContentType[] = "text/plain; version=0.0.4; charset=utf-8";

enum class MetricType { kCounter, kGauge, kHistogram };

struct MetricDescriptor {
  // [a-zA-Z_:][a-zA-Z0-9_:]*
  std::string name;
  std::string help;
  // Each [a-zA-Z_][a-zA-Z0-9_]*, none beginning with "__", and not "le".
  std::vector<std::string> labels;
  // So many of the first labels may have any value, see LabelledSeries.
  size_t open_labels = 0;
  // Of these, the one that is done without first.
  absl::optional<size_t> first_given_up = absl::nullopt;
};

// True if names and labels are as the format has them.
bool IsValid(const MetricDescriptor& descriptor);

// A double as the shortest text that reads back as the same; whole numbers without an exponent, "NaN", "+Inf", "-Inf".
std::string FormatMetricValue(double value);

// Writes one family after another. Label values are valid UTF-8; they and the help are escaped here.
class ExpositionWriter {
 public:
  // `descriptor` lives until the next family begins.
  void BeginFamily(const MetricDescriptor& descriptor, MetricType type);

  // Of the family begun last. `label_values` are as many as it has labels.
  void Value(const std::vector<std::string>& label_values, double value);
  void Value(const std::vector<std::string>& label_values, uint64_t value);
  // _bucket with cumulative counts, _sum and _count. Bounds are written with six digits, as TF Serving writes its own.
  void Value(const std::vector<std::string>& label_values, const std::vector<double>& bounds,
             const HistogramSnapshot& snapshot);

  std::string Release() && { return std::move(text_); }

 private:
  void Sample(absl::string_view suffix, absl::string_view labels, absl::string_view value);

  const MetricDescriptor* family_ = nullptr;
  std::string text_;
};

}  // namespace trilho

#endif  // TRILHO_CPP_SERVER_METRICS_EXPOSITION_H_

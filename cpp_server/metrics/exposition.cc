#include "cpp_server/metrics/exposition.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"

namespace trilho {
namespace {

const char* TypeName(MetricType type) {
  switch (type) {
    case MetricType::kCounter:
      return "counter";
    case MetricType::kGauge:
      return "gauge";
    case MetricType::kHistogram:
      return "histogram";
  }
  return "untyped";
}

bool IsName(absl::string_view name, bool colons) {
  const auto is_legal = [colons](char c) { return absl::ascii_isalnum(c) || c == '_' || (colons && c == ':'); };
  return !name.empty() && !absl::ascii_isdigit(name[0]) && std::all_of(name.begin(), name.end(), is_legal);
}

// A quote is escaped in a label value, where it would end it, and stands for itself in a help.
void AppendEscaped(absl::string_view value, bool quoted, std::string* text) {
  for (const char c : value) {
    if (c == '\\') {
      text->append("\\\\");
    } else if (c == '\n') {
      text->append("\\n");
    } else if (c == '"' && quoted) {
      text->append("\\\"");
    } else {
      text->push_back(c);
    }
  }
}

// `model="m",version="1"`
std::string Labels(const std::vector<std::string>& names, const std::vector<std::string>& values) {
  std::string labels;
  for (size_t i = 0; i < names.size() && i < values.size(); ++i) {
    if (i > 0) labels.push_back(',');
    absl::StrAppend(&labels, names[i], "=\"");
    AppendEscaped(values[i], true, &labels);
    labels.push_back('"');
  }
  return labels;
}

}  // namespace

bool IsValid(const MetricDescriptor& descriptor) {
  const auto is_label = [](const std::string& name) {
    return IsName(name, false) && !absl::StartsWith(name, "__") && name != "le";
  };
  return IsName(descriptor.name, true) && descriptor.open_labels <= descriptor.labels.size() &&
         std::all_of(descriptor.labels.begin(), descriptor.labels.end(), is_label);
}

std::string FormatMetricValue(double value) {
  if (std::isnan(value)) return "NaN";
  if (std::isinf(value)) return value > 0 ? "+Inf" : "-Inf";
  // Below it every whole number is a double.
  constexpr double kWhole = 9007199254740992.0;
  if (std::abs(value) < kWhole && value == std::trunc(value)) return absl::StrCat(static_cast<int64_t>(value));
  std::array<char, 32> digits;
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), value).ptr;
  return std::string(digits.data(), end);
}

void ExpositionWriter::BeginFamily(const MetricDescriptor& descriptor, MetricType type) {
  family_ = &descriptor;
  absl::StrAppend(&text_, "# HELP ", descriptor.name, " ");
  AppendEscaped(descriptor.help, false, &text_);
  absl::StrAppend(&text_, "\n# TYPE ", descriptor.name, " ", TypeName(type), "\n");
}

void ExpositionWriter::Sample(absl::string_view suffix, absl::string_view labels, absl::string_view value) {
  absl::StrAppend(&text_, family_->name, suffix);
  if (!labels.empty()) absl::StrAppend(&text_, "{", labels, "}");
  absl::StrAppend(&text_, " ", value, "\n");
}

void ExpositionWriter::Value(const std::vector<std::string>& label_values, double value) {
  Sample("", Labels(family_->labels, label_values), FormatMetricValue(value));
}

void ExpositionWriter::Value(const std::vector<std::string>& label_values, uint64_t value) {
  Sample("", Labels(family_->labels, label_values), absl::StrCat(value));
}

void ExpositionWriter::Value(const std::vector<std::string>& label_values, const std::vector<double>& bounds,
                             const HistogramSnapshot& snapshot) {
  const std::string labels = Labels(family_->labels, label_values);
  const std::string before_bound = labels.empty() ? "le=\"" : absl::StrCat(labels, ",le=\"");
  uint64_t count = 0;
  for (size_t i = 0; i < bounds.size(); ++i) {
    count += snapshot.counts[i];
    Sample("_bucket", absl::StrCat(before_bound, bounds[i], "\""), absl::StrCat(count));
  }
  // From the same buckets, so that the two agree whatever was observed meanwhile.
  count += snapshot.counts.back();
  Sample("_bucket", absl::StrCat(before_bound, "+Inf\""), absl::StrCat(count));
  Sample("_sum", labels, FormatMetricValue(snapshot.sum));
  Sample("_count", labels, absl::StrCat(count));
}

}  // namespace trilho
